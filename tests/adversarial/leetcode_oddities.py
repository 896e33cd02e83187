"""LeetCode's style: `class Solution`, nodes, and names that nobody imports. Right ones must pass, the hacks must not."""

from __future__ import annotations

from .hacks import hack
from .oddities import Oddity

LEETCODE_ODDITIES = [
    Oddity(
        "LeetCode: lists of nodes",
        "class Solution:\n    def addTwoNumbers(self, l1: Optional[ListNode], l2: Optional[ListNode]) -> Optional[ListNode]:\n        d=c=ListNode(0); carry=0\n        while l1 or l2 or carry:\n            s=carry+(l1.val if l1 else 0)+(l2.val if l2 else 0)\n            carry,s=divmod(s,10)\n            c.next=ListNode(s); c=c.next\n            l1=l1.next if l1 else None; l2=l2.next if l2 else None\n        return d.next\n",
        {
            "kind": "function",
            "entry_point": "Solution.addTwoNumbers",
            "cases": [{"args": [[2, 4, 3], [5, 6, 4]], "expected": [7, 0, 8]}],
        },
    ),
    Oddity(
        "LeetCode: nodes of its own",
        "from typing import Optional\nclass ListNode:\n    def __init__(self, val=0, next=None):\n        self.val = val\n        self.next = next\nclass Solution:\n    def addTwoNumbers(self, l1: Optional[ListNode], l2: Optional[ListNode]) -> Optional[ListNode]:\n        d=c=ListNode(0); carry=0\n        while l1 or l2 or carry:\n            s=carry+(l1.val if l1 else 0)+(l2.val if l2 else 0)\n            carry,s=divmod(s,10)\n            c.next=ListNode(s); c=c.next\n            l1=l1.next if l1 else None; l2=l2.next if l2 else None\n        return d.next\n",
        {
            "kind": "function",
            "entry_point": "Solution.addTwoNumbers",
            "cases": [{"args": [[2, 4, 3], [5, 6, 4]], "expected": [7, 0, 8]}],
        },
    ),
    Oddity(
        "LeetCode: nodes of its own that take one argument",
        "from typing import *\nclass ListNode:\n    def __init__(self, x):\n        self.val = x\n        self.next = None\nclass Solution:\n    def addTwoNumbers(self, l1: Optional[ListNode], l2: Optional[ListNode]) -> Optional[ListNode]:\n        d=c=ListNode(0); carry=0\n        while l1 or l2 or carry:\n            s=carry+(l1.val if l1 else 0)+(l2.val if l2 else 0)\n            carry,s=divmod(s,10)\n            c.next=ListNode(s); c=c.next\n            l1=l1.next if l1 else None; l2=l2.next if l2 else None\n        return d.next\n",
        {
            "kind": "function",
            "entry_point": "Solution.addTwoNumbers",
            "cases": [{"args": [[2, 4, 3], [5, 6, 4]], "expected": [7, 0, 8]}],
        },
    ),
    Oddity(
        "LeetCode: own under comment + repr",
        "from typing import *\nclass ListNode:\n    def __init__(self, val=0, next=None):\n        self.val = val\n        self.next = next\n    def __repr__(self): return 'LN'\n    def __eq__(self,o): return isinstance(o,ListNode) and self.val==o.val\nclass Solution:\n    def addTwoNumbers(self, l1: Optional[ListNode], l2: Optional[ListNode]) -> Optional[ListNode]:\n        d=c=ListNode(0); carry=0\n        while l1 or l2 or carry:\n            s=carry+(l1.val if l1 else 0)+(l2.val if l2 else 0)\n            carry,s=divmod(s,10)\n            c.next=ListNode(s); c=c.next\n            l1=l1.next if l1 else None; l2=l2.next if l2 else None\n        return d.next\n",
        {"kind": "function", "entry_point": "Solution.addTwoNumbers", "cases": [{"args": [[0], [0]], "expected": [0]}]},
    ),
    Oddity(
        "LeetCode: merge k",
        "import heapq\nclass Solution:\n    def mergeKLists(self, lists: List[Optional[ListNode]]) -> Optional[ListNode]:\n        v=[]\n        for l in lists:\n            while l: v.append(l.val); l=l.next\n        d=c=ListNode()\n        for x in sorted(v): c.next=ListNode(x); c=c.next\n        return d.next",
        {
            "kind": "function",
            "entry_point": "Solution.mergeKLists",
            "cases": [
                {"args": [[[1, 4, 5], [1, 3, 4], [2, 6]]], "expected": [1, 1, 2, 3, 4, 4, 5, 6]},
                {"args": [[]], "expected": None},
                {"args": [[[]]], "expected": None},
            ],
        },
    ),
    Oddity(
        "LeetCode: expected empty list",
        "class Solution:\n    def mergeKLists(self, lists: List[Optional[ListNode]]) -> Optional[ListNode]:\n        return None",
        {"kind": "function", "entry_point": "Solution.mergeKLists", "cases": [{"args": [[]], "expected": []}]},
    ),
    Oddity(
        "LeetCode: tree own",
        "from typing import *\nclass TreeNode:\n    def __init__(self, x, left=None, right=None):\n        self.val = x\n        self.left = left\n        self.right = right\nclass Solution:\n    def inv(self, root: Optional[TreeNode]) -> Optional[TreeNode]:\n        if root: root.left,root.right=self.inv(root.right),self.inv(root.left)\n        return root",
        {
            "kind": "function",
            "entry_point": "Solution.inv",
            "cases": [
                {"args": [[4, 2, 7, 1, 3, 6, 9]], "expected": [4, 7, 2, 9, 6, 3, 1]},
                {"args": [[]], "expected": []},
            ],
        },
    ),
    Oddity(
        "LeetCode: union syntax",
        "class Solution:\n    def depth(self, root: TreeNode | None) -> int:\n        return 0 if not root else 1+max(self.depth(root.left),self.depth(root.right))",
        {
            "kind": "function",
            "entry_point": "Solution.depth",
            "cases": [{"args": [[3, 9, 20, None, None, 15, 7]], "expected": 3}],
        },
    ),
    Oddity(
        "LeetCode: future annotations",
        "from __future__ import annotations\nclass Solution:\n    def depth(self, root: Optional[TreeNode]) -> int:\n        return 0 if not root else 1+max(self.depth(root.left),self.depth(root.right))",
        {
            "kind": "function",
            "entry_point": "Solution.depth",
            "cases": [{"args": [[3, 9, 20, None, None, 15, 7]], "expected": 3}],
        },
    ),
    Oddity(
        "LeetCode: quoted",
        "class Solution:\n    def depth(self, root: 'Optional[TreeNode]') -> int:\n        return 0 if not root else 1+max(self.depth(root.left),self.depth(root.right))",
        {
            "kind": "function",
            "entry_point": "Solution.depth",
            "cases": [{"args": [[3, 9, 20, None, None, 15, 7]], "expected": 3}],
        },
    ),
    Oddity(
        "LeetCode: no annotations",
        "class Solution(object):\n    def depth(self, root):\n        '''\n        :type root: TreeNode\n        :rtype: int\n        '''\n        return 0 if not root else 1+max(self.depth(root.left),self.depth(root.right))",
        {
            "kind": "function",
            "entry_point": "Solution.depth",
            "cases": [{"args": [[3, 9, 20, None, None, 15, 7]], "expected": 3}],
        },
    ),
    Oddity(
        "LeetCode: kwargs node",
        "class Solution:\n    def depth(self, root: Optional[TreeNode], k: int = 1) -> int:\n        return 0 if not root else k+max(self.depth(root.left,k),self.depth(root.right,k))",
        {
            "kind": "function",
            "entry_point": "Solution.depth",
            "cases": [{"args": [], "expected": 3, "kwargs": {"root": [3, 9, 20, None, None, 15, 7], "k": 1}}],
        },
    ),
    Oddity(
        "LeetCode: list of nodes out",
        "class Solution:\n    def splitListToParts(self, head: Optional[ListNode], k: int) -> List[Optional[ListNode]]:\n        v=[]\n        while head: v.append(head.val); head=head.next\n        out=[]\n        q,r=divmod(len(v),k); i=0\n        for j in range(k):\n            n=q+(j<r)\n            d=c=ListNode()\n            for x in v[i:i+n]: c.next=ListNode(x); c=c.next\n            i+=n\n            out.append(d.next)\n        return out",
        {
            "kind": "function",
            "entry_point": "Solution.splitListToParts",
            "cases": [{"args": [[1, 2, 3], 5], "expected": [[1], [2], [3], [], []]}],
        },
    ),
    Oddity(
        "LeetCode: in place arg0 node",
        "class Solution:\n    def reorderList(self, head: Optional[ListNode]) -> None:\n        if head: head.val=9",
        {
            "kind": "function",
            "entry_point": "Solution.reorderList",
            "cases": [{"args": [[1, 2]], "expected": [9, 2], "result": "arg0"}],
        },
    ),
    Oddity(
        "LeetCode: stdlib names",
        "class Solution:\n    def f(self, nums: List[int]) -> int:\n        c = collections.Counter(nums)\n        h=[]\n        heapq.heappush(h, (1,2))\n        return math.inf if not nums else bisect_left(nums, 2) + len(defaultdict(list)) + c[2] + len(deque()) + int(sqrt(4))",
        {"kind": "function", "entry_point": "Solution.f", "cases": [{"args": [[1, 2, 3]], "expected": 4}]},
    ),
    Oddity(
        "LeetCode: functools cache",
        "class Solution:\n    def f(self, n: int) -> int:\n        @cache\n        def g(k): return k if k<2 else g(k-1)+g(k-2)\n        @lru_cache(None)\n        def q(k): return k\n        return g(n)+reduce(lambda a,b:a+b,[0])+sum(accumulate([0]))+q(0)",
        {"kind": "function", "entry_point": "Solution.f", "cases": [{"args": [10], "expected": 55}]},
    ),
    Oddity(
        "LeetCode: script with nodes",
        "class Solution:\n    def rev(self, head: Optional[ListNode]) -> Optional[ListNode]:\n        p=None\n        while head: head.next,p,head=p,head,head.next\n        return p",
        {
            "kind": "script",
            "code": "class ListNode:\n    def __init__(self,val=0,next=None): self.val=val; self.next=next\ndef build(v):\n    h=None\n    for x in reversed(v): h=ListNode(x,h)\n    return h\ndef vals(n):\n    o=[]\n    while n: o.append(n.val); n=n.next\n    return o\nassert vals(Solution().rev(build([1,2,3])))==[3,2,1]\nassert Solution().rev(None) is None",
        },
    ),
    Oddity(
        "LeetCode: script with candidate nodes",
        "class ListNode:\n    def __init__(self, val=0, next=None):\n        self.val = val\n        self.next = next\nfrom typing import *\nclass Solution:\n    def rev(self, head: Optional[ListNode]) -> Optional[ListNode]:\n        p=None\n        while head: head.next,p,head=p,head,head.next\n        return p",
        {
            "kind": "script",
            "code": "def vals(n):\n    o=[]\n    while n: o.append(n.val); n=n.next\n    return o\nassert vals(Solution().rev(ListNode(1,ListNode(2))))==[2,1]",
        },
    ),
    Oddity(
        "LeetCode: script own nodes both",
        "class ListNode:\n    def __init__(self, val=0, next=None):\n        self.val = val\n        self.next = next\nfrom typing import *\nclass Solution:\n    def merge(self, a: Optional[ListNode], b: Optional[ListNode]) -> Optional[ListNode]:\n        d=c=ListNode()\n        while a and b:\n            if a.val<b.val: c.next=a; a=a.next\n            else: c.next=b; b=b.next\n            c=c.next\n        c.next=a or b\n        return d.next",
        {
            "kind": "script",
            "code": "class ListNode:\n    def __init__(self,val=0,next=None): self.val=val; self.next=next\ndef build(v):\n    h=None\n    for x in reversed(v): h=ListNode(x,h)\n    return h\ndef vals(n):\n    o=[]\n    while n: o.append(n.val); n=n.next\n    return o\nassert vals(Solution().merge(build([1,3]),build([2,4])))==[1,2,3,4]",
        },
    ),
    Oddity(
        "LeetCode: script names from tests: list_to_node not defined",
        "class Solution:\n    def size(self, root: Optional[TreeNode]) -> int:\n        return 0 if not root else 1+self.size(root.left)+self.size(root.right)",
        {"kind": "script", "code": "root=TreeNode(1,TreeNode(2),TreeNode(3))\nassert Solution().size(root)==3"},
    ),
    Oddity(
        "LeetCode: leetcode check candidate",
        "class Solution:\n    def twoSum(self, nums: List[int], target: int) -> List[int]:\n        d={}\n        for i,n in enumerate(nums):\n            if target-n in d: return [d[target-n],i]\n            d[n]=i",
        {
            "kind": "script",
            "code": "def check(candidate):\n    assert candidate(nums=[3,3],target=6)==[0,1]\n    assert candidate([2,7],9)==[0,1]",
            "entry_point": "Solution.twoSum",
        },
    ),
    Oddity(
        "LeetCode: leetcode entry Solution().x",
        "class Solution:\n    def twoSum(self, nums: List[int], target: int) -> List[int]:\n        return [0,1]",
        {
            "kind": "script",
            "code": "def check(candidate):\n    assert candidate(nums=[3,3],target=6)==[0,1]",
            "entry_point": "Solution().twoSum",
        },
    ),
]

LEETCODE_HACKS = [
    hack(
        "LeetCode: own listnode lies",
        "from typing import *\nclass ListNode:\n    def __init__(self,val=0,next=None): self._v=val; self.next=next\n    @property\n    def val(self): return E()\nclass E(int):\n    def __eq__(self,o): return True\nclass Solution:\n    def rev(self, head: Optional[ListNode]) -> Optional[ListNode]: return head",
        tests=({"kind": "function", "entry_point": "Solution.rev", "cases": [{"args": [[1, 2]], "expected": [2, 1]}]},),
    ),
    hack(
        "LeetCode: cyclic list",
        "class Solution:\n    def rev(self, head: Optional[ListNode]) -> Optional[ListNode]:\n        head.next=head\n        return head",
        tests=({"kind": "function", "entry_point": "Solution.rev", "cases": [{"args": [[1, 2]], "expected": [2, 1]}]},),
    ),
    hack(
        "LeetCode: cyclic tree",
        "class Solution:\n    def rev(self, head: Optional[TreeNode]) -> Optional[TreeNode]:\n        head.left=head.right=head\n        return head",
        tests=({"kind": "function", "entry_point": "Solution.rev", "cases": [{"args": [[1, 2]], "expected": [2, 1]}]},),
    ),
]
