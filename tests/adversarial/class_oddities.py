"""Right programs whose classes, functions and decorators the tests use in every way. Every one must pass."""

from __future__ import annotations

from .oddities import script

CLASS_ODDITIES = [
    script(
        "methods of a str of its own",
        "class S(str):\n    def shout(self): return self.upper()+'!'\ndef f(): return S('ab')",
        "assert f().shout()=='AB!'\nassert f()=='ab'\nassert isinstance(f(), str)\nassert isinstance(f(), S)\nassert len(f())==2 and f().upper()=='AB' and f()+'c'=='abc' and f'{f()}'=='ab'",
    ),
    script(
        "methods of an int of its own",
        "class I(int):\n    def double(self): return self*2\ndef f(): return I(5)",
        "assert f().double()==10\nassert f()==5 and f()+1==6 and isinstance(f(),int) and isinstance(f(),I) and list(range(f()))==[0,1,2,3,4] and type(f()) is I",
    ),
    script(
        "a float of its own",
        "class M(float):\n    @property\n    def cents(self): return int(self*100)\ndef f(): return M(1.5)",
        "assert f().cents==150\nassert f()==1.5 and round(f())==2 and abs(f()-1.5)<1e-9",
    ),
    script(
        "int subclass operators",
        "class Mod(int):\n    def __new__(cls, v): return super().__new__(cls, v%7)\n    def __add__(self,o): return Mod(int(self)+int(o))\ndef f(x): return Mod(x)",
        "assert f(5)+f(4)==2\nassert Mod(8)==1\nassert Mod(5)+Mod(4)==Mod(2)",
    ),
    script(
        "list subclass methods",
        "class St(list):\n    def push(self,x): self.append(x)\n    def peek(self): return self[-1]\ndef f(): return St()",
        "s=f()\ns.push(1)\ns.push(2)\nassert s.peek()==2 and len(s)==2 and s==[1,2] and s.pop()==2 and list(s)==[1]\nassert isinstance(s,list)\ns.append(5)\nassert s[1]==5 and 5 in s\nassert sorted(s)==[1,5]\nassert s+[1]==[1,5,1]\ns.extend([7])\nassert s[-1]==7 and s[1:]==[5,7]\ndel s[0]\nassert s.index(7)==1",
    ),
    script(
        "dict subclass isinstance",
        "class D(dict):\n    def total(self): return sum(self.values())\ndef f(): return D(a=1,b=2)",
        "d=f()\nassert isinstance(d,dict) and d.total()==3 and d=={'a':1,'b':2} and d['a']==1 and d.get('z',4)==4 and sorted(d)==['a','b']\nd['c']=4\nassert d.total()==7\nassert {**d}=={'a':1,'b':2,'c':4}\nassert dict(d)==d\nd.update(q=1)\nassert d.pop('q')==1 and 'a' in d\nimport json\nassert json.dumps(d)=='{\"a\": 1, \"b\": 2, \"c\": 4}'",
    ),
    script(
        "set subclass",
        "class U(set):\n    def first(self): return min(self)\ndef f(): return U([3,1])",
        "s=f()\nassert isinstance(s,set) and s.first()==1 and s=={1,3} and len(s)==2 and 3 in s\ns.add(0)\nassert s.first()==0\nassert s|{9}=={0,1,3,9}\nassert s.issubset({0,1,3,4})",
    ),
    script(
        "tuple subclass",
        "class P(tuple):\n    def __new__(cls,x,y): return super().__new__(cls,(x,y))\n    @property\n    def x(self): return self[0]\ndef f(): return P(1,2)",
        "p=f()\nassert p.x==1 and p==(1,2) and isinstance(p,tuple) and p[1]==2 and len(p)==2\na,b=p\nassert a==1 and hash(p)==hash((1,2))",
    ),
    script(
        "OrderedDict subclass",
        "from collections import OrderedDict\nclass LRU(OrderedDict):\n    def __init__(self,cap): super().__init__(); self.cap=cap\n    def get(self,k):\n        if k not in self: return -1\n        self.move_to_end(k)\n        return self[k]\n    def put(self,k,v):\n        self[k]=v\n        self.move_to_end(k)\n        if len(self)>self.cap: self.popitem(last=False)",
        "l=LRU(2)\nl.put(1,1)\nl.put(2,2)\nassert l.get(1)==1\nl.put(3,3)\nassert l.get(2)==-1\nassert list(l.keys())==[1,3]\nassert len(l)==2\nassert isinstance(l,dict)\nfrom collections import OrderedDict\nassert isinstance(l,OrderedDict)",
    ),
    script(
        "defaultdict/Counter subclass",
        "from collections import Counter, defaultdict\nclass C(Counter):\n    def top(self): return self.most_common(1)[0][0]\nclass DD(defaultdict):\n    pass\ndef f(): return C('aab')\ndef g():\n    d=DD(int)\n    d['x']+=1\n    return d",
        "c=f()\nassert c.top()=='a' and c['b']==1 and c['zz']==0 and c=={'a':2,'b':1} and isinstance(c,dict)\nfrom collections import Counter\nassert isinstance(c,Counter)\nassert c==Counter('aab')\nassert g()=={'x':1}",
    ),
    script(
        "UserDict",
        "from collections import UserDict,UserList,UserString\nclass UD(UserDict):\n    def __setitem__(self,k,v): super().__setitem__(str(k),v)\nclass UL(UserList):\n    def total(self): return sum(self)\nclass US(UserString):\n    def sh(self): return self.data.upper()\ndef d(): return UD({1:2})\ndef l(): return UL([1,2])\ndef s(): return US('ab')",
        "a=d()\na[5]=6\nassert a=={'1':2,'5':6} and len(a)==2 and a.data=={'1':2,'5':6} and dict(a)=={'1':2,'5':6}\nb=l()\nassert b==[1,2] and b.total()==3 and list(b)==[1,2] and b[0]==1 and b.data==[1,2]\nc=s()\nassert c=='ab' and c.sh()=='AB' and str(c)=='ab' and len(c)==2",
    ),
    script(
        "inspect",
        "def f(a,b=2,*c,d,**e):\n    'doc'\n    return a\nclass K:\n    def m(self): pass",
        "import inspect\nassert inspect.isfunction(f)\nassert callable(f) and f.__name__=='f' and f.__doc__=='doc' and f.__qualname__=='f' and f.__module__\nassert inspect.isclass(K)\nassert inspect.getdoc(f)=='doc'",
    ),
    script(
        "inspect2",
        "def gen():\n    yield 1\nasync def co(): return 1\nclass K:\n    def m(self): pass\n    @staticmethod\n    def s(): pass\n    @classmethod\n    def c(cls): pass",
        "import inspect\nassert inspect.isgeneratorfunction(gen) and inspect.iscoroutinefunction(co) and not inspect.iscoroutinefunction(gen)\nimport asyncio\nassert asyncio.iscoroutinefunction(co)\nassert inspect.ismethod(K().m)\nassert inspect.isfunction(K.m)\nassert inspect.isfunction(K.s) and inspect.ismethod(K.c)\nassert inspect.isgenerator(gen())\nassert inspect.iscoroutine(c:=co()) and (c.close() is None)\nimport types\nassert isinstance(gen,types.FunctionType)\nassert inspect.isroutine(gen)\nassert inspect.isabstract(K) is False",
    ),
    script(
        "argspec",
        "def f(a,b=1): return 1",
        "import inspect\nassert inspect.getfullargspec(f).args==['a','b']\nassert f.__defaults__==(1,)\nassert f.__kwdefaults__ is None",
    ),
    script(
        "vars inst",
        "class K:\n    def __init__(self): self.a=1",
        "assert vars(K())=={'a':1}\nassert K().__dict__=={'a':1}\nk=K()\nk.__dict__['b']=2\nassert k.b==2\nassert k.__class__ is K and k.__class__.__name__=='K'",
    ),
    script(
        "class decorator registry",
        "registry={}\ndef register(name):\n    def deco(cls):\n        registry[name]=cls\n        return cls\n    return deco\ndef make(name,*a): return registry[name](*a)",
        "@register('p')\nclass P:\n    def __init__(self,x): self.x=x\n    def go(self): return self.x*2\nassert registry['p'] is P\nassert make('p',3).go()==6\nassert isinstance(make('p',3),P)",
    ),
    script(
        "decorators fn",
        "import functools\ndef log(f):\n    @functools.wraps(f)\n    def g(*a,**k):\n        g.n+=1\n        return f(*a,**k)\n    g.n=0\n    return g\ndef ident(f): return f\ndef tag(**kw):\n    def d(f):\n        for k,v in kw.items(): setattr(f,k,v)\n        return f\n    return d",
        "@log\ndef add(a,b):\n    'adds'\n    return a+b\nassert add(1,2)==3 and add.n==1 and add.__name__=='add' and add.__doc__=='adds'\n@ident\ndef q(x): return x\nassert q(2)==2\n@tag(role='x')\ndef z(): return 1\nassert z.role=='x' and z()==1\nassert add.__wrapped__(1,1)==2",
    ),
    script(
        "method decorator",
        "import functools\ndef cached_method(f):\n    name='_c_'+f.__name__\n    @functools.wraps(f)\n    def g(self):\n        if not hasattr(self,name): setattr(self,name,f(self))\n        return getattr(self,name)\n    return g\nclass cached_property:\n    def __init__(self,f): self.f=f; self.n=f.__name__\n    def __get__(self,o,t=None):\n        if o is None: return self\n        v=o.__dict__[self.n]=self.f(o)\n        return v",
        "n=[]\nclass A:\n    @cached_method\n    def m(self):\n        n.append(1)\n        return 5\n    @cached_property\n    def p(self):\n        n.append(2)\n        return 6\na=A()\nassert a.m()==5 and a.m()==5 and n==[1]\nassert a.p==6 and a.p==6 and n==[1,2]",
    ),
    script(
        "enum",
        "from enum import Enum,IntEnum,unique,auto\nclass C(Enum):\n    R='r'\n    G='g'\n    def up(self): return self.value.upper()\n    @classmethod\n    def default(cls): return cls.R\nclass O(IntEnum):\n    L=1\n    H=2\ndef f(x): return C(x)\ndef g(c): return c is C.R",
        "assert f('r') is C.R and C.R==C.R and C.R!=C.G and C.R!='r'\nassert [c.value for c in C]==['r','g'] and len(C)==2 and list(C)==[C.R,C.G]\nassert C.R.up()=='R' and C.default() is C.R and g(C.R) is True\nassert C.__members__['R'] is C.R\nassert O.L<O.H and O.L+1==2 and O.H>1 and sorted([O.H,O.L])[0] is O.L and O.L==1 and int(O.H)==2 and max(O)==O.H\nassert repr(C.R)==\"<C.R: 'r'>\" and str(C.R)=='C.R'\nassert C.R in C\nassert {C.R:1}[C.R]==1\nassert isinstance(C.R,C) and type(C.R) is C\ntry:\n    C('zz')\n    assert False\nexcept ValueError: pass\nassert hash(C.R)==hash(C.R)\nassert isinstance(O.L,int)\nassert 'r' in [c.value for c in C]",
    ),
    script(
        "dataclass",
        "from dataclasses import dataclass,field\n@dataclass(order=True)\nclass V:\n    a:int\n    b:str='x'\n    t:list=field(default_factory=list,compare=False)\n    def m(self): return self.a*2\n@dataclass(frozen=True,eq=True)\nclass F:\n    a:int\n@dataclass\nclass W(V):\n    c:int=0\n    def __post_init__(self): self.c=self.a+1",
        "assert V(1)==V(1) and V(1)<V(2) and sorted([V(2),V(1)])[0].a==1 and V(1).m()==2\nassert repr(V(1))==\"V(a=1, b='x', t=[])\"\nassert len({F(1),F(1)})==1 and hash(F(1))==hash(F(1))\nimport dataclasses\ntry:\n    F(1).a=2\n    assert False\nexcept dataclasses.FrozenInstanceError: pass\nw=W(1)\nassert w.c==2 and isinstance(w,V)\nv=V(1)\nv.a=5\nv.t.append(3)\nassert v.a==5 and v.t==[3]\nassert dataclasses.asdict(V(1))=={'a':1,'b':'x','t':[]}\nassert [f.name for f in dataclasses.fields(V)]==['a','b','t']\nassert max(V(1),V(3)).a==3\nassert V(a=1,b='y').b=='y'",
    ),
    script(
        "namedtuple nested, typed dict, protocol",
        "from typing import *\nclass P(NamedTuple):\n    x:int\n    y:int=0\nclass M(TypedDict,total=False):\n    name:str\nclass Pr(Protocol):\n    def go(self)->int: ...\n@runtime_checkable\nclass Rc(Protocol):\n    def go(self)->int: ...\ndef f(): return [P(1,2),P(3)]\ndef m()->M: return {'name':'a'}\ndef run(p:Pr): return p.go()\ndef chk(p): return isinstance(p,Rc)",
        "assert f()==[(1,2),(3,0)] and f()[0].x==1\nassert m()=={'name':'a'} and M(name='z')=={'name':'z'}\nclass I:\n    def go(self): return 7\nassert run(I())==7\nassert chk(I()) is True\nassert M.__annotations__=={'name':str}",
    ),
    script(
        "abstract",
        "from abc import ABC,abstractmethod\nclass S(ABC):\n    @abstractmethod\n    def area(self): ...\n    def d(self): return f'area {self.area()}'\nclass Q(S):\n    def __init__(s,a): s.a=a\n    def area(s): return s.a**2",
        "try:\n    S()\n    assert False\nexcept TypeError: pass\nassert Q(2).area()==4 and Q(2).d()=='area 4' and isinstance(Q(2),S) and issubclass(Q,S)\nimport inspect\nassert inspect.isabstract(S)\nassert 'area' in S.__abstractmethods__",
    ),
    script(
        "async",
        "import asyncio\nasync def f(x):\n    await asyncio.sleep(0.001)\n    return x*2\nclass Q:\n    async def get(self): return 5\nasync def gen(n):\n    for i in range(n):\n        yield i\nasync def fail(): raise ValueError('no')\nasync def apply(cb,x): return await cb(x)",
        "import asyncio\nassert asyncio.run(f(2))==4\nasync def main():\n    assert await Q().get()==5\n    assert [x async for x in gen(3)]==[0,1,2]\n    r=await asyncio.gather(f(1),f(2))\n    assert r==[2,4]\n    try:\n        await fail()\n        assert False\n    except ValueError: pass\n    assert await asyncio.wait_for(f(3),1)==6\n    t=asyncio.create_task(f(5))\n    assert await t==10\n    res=await asyncio.gather(fail(),f(1),return_exceptions=True)\n    assert isinstance(res[0],ValueError) and res[1]==2\nasyncio.run(main())",
    ),
    script(
        "generators",
        "def acc():\n    t=0\n    while True:\n        try:\n            x=yield t\n            if x is None: return t\n            t+=x\n        except ValueError:\n            t=0\nlog=[]\ndef g():\n    try:\n        yield 1\n        yield 2\n    finally: log.append('closed')\ndef d():\n    r=yield from acc()\n    yield ('r',r)",
        "a=acc()\nassert next(a)==0 and a.send(5)==5 and a.throw(ValueError)==0 and a.send(2)==2\ntry:\n    a.send(None)\n    assert False\nexcept StopIteration as e: assert e.value==2\nx=g()\nnext(x)\nx.close()\nassert log==['closed']\ny=d()\nnext(y)\ny.send(4)\nassert y.send(None)==('r',4)\nx=g()\ntry:\n    next(x)\n    x.throw(KeyError('q'))\n    assert False\nexcept KeyError as e: assert e.args==('q',)",
    ),
    script(
        "ctx",
        "from contextlib import contextmanager,ExitStack,suppress,closing\nclass T:\n    def __init__(s): s.l=[]\n    def __enter__(s):\n        s.l.append('e')\n        return s\n    def __exit__(s,t,v,tb):\n        s.l.append(t.__name__ if t else None)\n        s.msg=str(v) if v else None\n        return t is KeyError\n@contextmanager\ndef sup(*ex):\n    try: yield\n    except ex: pass\n@contextmanager\ndef timer():\n    d={}\n    yield d\n    d['t']=1",
        "t=T()\nwith t as q: assert q is t\nassert t.l==['e',None]\nwith t: raise KeyError('z')\nassert t.l[-1]=='KeyError'\ntry:\n    with t: raise ValueError('v')\nexcept ValueError as e: assert str(e)=='v'\nassert t.msg=='v'\nwith sup(ZeroDivisionError): 1/0\nwith timer() as d: pass\nassert d['t']==1\nfrom contextlib import ExitStack\nwith ExitStack() as st: st.enter_context(t)\n@sup(ValueError)\ndef q(): raise ValueError\nassert q() is None",
    ),
    script(
        "operators",
        "import math\nclass V:\n    def __init__(s,x,y): s.x,s.y=x,y\n    def __add__(s,o): return V(s.x+o.x,s.y+o.y)\n    def __sub__(s,o): return V(s.x-o.x,s.y-o.y)\n    def __mul__(s,k): return V(s.x*k,s.y*k)\n    __rmul__=__mul__\n    def __neg__(s): return V(-s.x,-s.y)\n    def __eq__(s,o): return isinstance(o,V) and (s.x,s.y)==(o.x,o.y)\n    def __abs__(s): return math.hypot(s.x,s.y)\n    def __bool__(s): return bool(s.x or s.y)\n    def __repr__(s): return f'V({s.x}, {s.y})'\n    def __iter__(s): return iter((s.x,s.y))\n    def __getitem__(s,i): return (s.x,s.y)[i]\n    def __len__(s): return 2\n    def __hash__(s): return hash((s.x,s.y))\n    def __contains__(s,v): return v in (s.x,s.y)\n    def __matmul__(s,o): return s.x*o.x+s.y*o.y",
        "a,b=V(1,2),V(3,4)\nassert a+b==V(4,6) and b-a==V(2,2) and -a==V(-1,-2) and abs(b)==5 and bool(a) and not V(0,0) and repr(a)=='V(1, 2)' and list(a)==[1,2] and a[1]==2 and len(a)==2 and a@b==11 and 2 in a and 9 not in a\nx,y=a\nassert (x,y)==(1,2) and {a,V(1,2)}=={a} and tuple(a)==(1,2)\na+=b\nassert a==V(4,6)\nassert sum([V(1,1),V(2,2)],V(0,0))==V(3,3)",
    ),
    script(
        "comparison with number",
        "from functools import total_ordering\n@total_ordering\nclass M:\n    def __init__(s,v): s.v=v\n    def __eq__(s,o): return s.v==(o.v if isinstance(o,M) else o)\n    def __lt__(s,o): return s.v<(o.v if isinstance(o,M) else o)",
        "assert M(1)<M(2) and M(2)>=M(1) and max([M(1),M(3)]).v==3 and M(1)==M(1)\nassert sorted([M(3),M(1)])[0].v==1",
    ),
    script(
        "exceptions",
        "class E(Exception):\n    def __init__(s,code,info=None): super().__init__(f'code {code}'); s.code=code; s.info=info or {}\nclass IE(E): pass\ndef f(): raise IE(5,{'a':[1]})\ndef g():\n    try: {}['k']\n    except KeyError as k: raise E(1) from k\ndef h():\n    try: 1/0\n    finally: raise ValueError('x')\ndef grp(): raise ExceptionGroup('g',[ValueError(1),TypeError(2)])",
        "try: f()\nexcept E as e: assert e.code==5 and e.info=={'a':[1]} and str(e)=='code 5' and isinstance(e,IE)\ntry: g()\nexcept E as e: assert isinstance(e.__cause__,KeyError) and e.__cause__.args==('k',)\ntry: h()\nexcept ValueError as e: assert isinstance(e.__context__,ZeroDivisionError)\ntry: grp()\nexcept ExceptionGroup as e: assert len(e.exceptions)==2 and isinstance(e.exceptions[0],ValueError)",
    ),
    script(
        "raise class of candidate in tests",
        "class E(Exception): pass\ndef run(cb):\n    try: return cb()\n    except E as e: return 'caught '+str(e)",
        "def cb(): raise E('x')\nassert run(cb)=='caught x'\ntry:\n    raise E('y')\nexcept E as e: assert str(e)=='y'\nassert issubclass(E,Exception)",
    ),
    script(
        "module consts",
        "A=1\nB=[1,2]\nC={'a':(1,2)}\nD=frozenset({1})\n_x=5\n__version__='1.0'\nclass K: Z=3\ndef bump():\n    global A\n    A+=1",
        "import solution\nassert solution.A==1 and solution.B==[1,2] and solution.C=={'a':(1,2)} and solution.D=={1} and solution.K.Z==3\nsolution.bump()\nassert solution.A==2\nassert solution._x==5 and solution.__name__=='solution'\nassert hasattr(solution,'A') and not hasattr(solution,'Q')\nassert 'bump' in dir(solution)\nassert solution.__version__=='1.0'\nassert solution.__doc__ is None or True",
    ),
    script(
        "recursion callbacks",
        "def fact(self,n): return 1 if n<2 else n*self(self,n-1)\ndef fix(f): return lambda *a: f(fix(f),*a)\ndef walk(t,cb):\n    cb(t[0])\n    for c in t[1]: walk(c,cb)",
        "assert fact(fact,5)==120\nassert fix(lambda s,n: 1 if n<2 else n*s(n-1))(10)==3628800\nl=[]\nwalk((1,[(2,[]),(3,[(4,[])])]),l.append)\nassert l==[1,2,3,4]\ndef rec(n): return 0 if n==0 else 1+apply(rec,n-1)\ndef apply(f,n): return f(n)\nassert rec(50)==50",
    ),
    script(
        "partial/compose",
        "from functools import partial,reduce\ndef compose(*fs): return reduce(lambda f,g: lambda x: g(f(x)),fs)\ndef p(): return partial(int,base=2)\ndef curry(f): return lambda a: lambda b: f(a,b)",
        "assert compose(lambda x:x+1,lambda x:x*2)(3)==8\nassert p()('101')==5\nassert curry(lambda a,b:a-b)(5)(3)==2",
    ),
    script(
        "exec sort key",
        "def by(xs,k): return sorted(xs,key=k,reverse=True)\nclass N:\n    def __init__(s,v): s.v=v\n    def __lt__(s,o): return s.v<o.v\n    def __repr__(s): return f'N{s.v}'\ndef mk(v): return [N(x) for x in v]",
        "assert by(['a','bbb'],len)==['bbb','a']\nassert [n.v for n in sorted(mk([3,1]))]==[1,3]\nassert str(mk([1,2]))=='[N1, N2]'\nimport heapq\nh=mk([3,1,2])\nheapq.heapify(h)\nassert heapq.heappop(h).v==1\nassert sorted(mk([2,1]),key=lambda n:n.v)[0].v==1",
    ),
    script(
        "re/datetime",
        "import re,datetime\ndef f(s): return re.match(r'(\\d+)',s)\ndef d(): return datetime.datetime(2020,1,1)+datetime.timedelta(days=1)\ndef p(): return re.compile('a+')",
        "assert f('12a').group(1)=='12'\nimport datetime\nassert d()==datetime.datetime(2020,1,2) and d().year==2020 and isinstance(d(),datetime.datetime)\nassert p().pattern=='a+' and p().findall('aab')==['aa']\nassert f('x') is None",
    ),
    script(
        "path obj",
        "from pathlib import PurePosixPath,Path\ndef f(): return PurePosixPath('a')/'b'",
        "assert str(f())=='a/b'\nfrom pathlib import PurePosixPath\nassert f()==PurePosixPath('a/b') or f().name=='b'",
    ),
    script(
        "inheritance of tests from str mixin",
        "class Temp:\n    def __init__(s,c): s._c=c\n    @property\n    def f(s): return s._c*9/5+32\n    @f.setter\n    def f(s,v): s._c=(v-32)*5/9\n    @f.deleter\n    def f(s): s._c=0\n    def __str__(s): return f'{s._c}C'",
        "t=Temp(100)\nassert t.f==212 and str(t)=='100C' and f'{t}'=='100C'\nt.f=32\nassert abs(t._c)<1e-9\ndel t.f\nassert t._c==0",
    ),
    script(
        "a method decorated by the candidate",
        "def dec(f):\n    def g(self):\n        if not hasattr(self,'_c'): setattr(self,'_c',f(self))\n        return self._c\n    return g",
        "n=[]\nclass A:\n    @dec\n    def m(self):\n        n.append(1)\n        return 5\na=A()\nassert a.m()==5 and a.m()==5 and n==[1]",
    ),
    script(
        "a descriptor that caches",
        "class cached_property:\n    def __init__(self,f): self.f=f; self.n=f.__name__\n    def __get__(self,o,t=None):\n        if o is None: return self\n        v=o.__dict__[self.n]=self.f(o)\n        return v",
        "n=[]\nclass A:\n    @cached_property\n    def p(self):\n        n.append(2)\n        return 6\na=A()\nassert a.p==6\nassert a.p==6 and n==[2]",
    ),
    script(
        "a descriptor that checks",
        "class P:\n    def __set_name__(self,o,n): self.n='_'+n\n    def __get__(self,o,t=None):\n        return self if o is None else getattr(o,self.n,None)\n    def __set__(self,o,v):\n        if v<0: raise ValueError('neg')\n        setattr(o,self.n,v)",
        "class A:\n    x=P()\n    def __init__(self,x): self.x=x\na=A(3)\nassert a.x==3\na.x=4\nassert a.x==4\ntry:\n    a.x=-1\n    assert False\nexcept ValueError: pass\nassert A(5).x==5",
    ),
    script(
        "two handles",
        "class A(tuple):\n    def m(s): return len(s)\nx=A((7,))\ndef add(a,b): return x",
        "r=add(1,2)\nq=add(1,2)\ndel r\nassert add(1,2)==(7,)\nassert q==(7,) and q.m()==1",
    ),
    script(
        "many ints",
        "class I(int):\n    def d(s): return s*2\ndef f(n): return [I(k) for k in range(n)]",
        "r=f(2000)\nassert sum(r)==sum(range(2000)) and r[5].d()==10\ndel r\nassert f(3)[2].d()==4",
    ),
    script(
        "list subclass nested",
        "class M(list):\n    def T(s): return M(M(r) for r in zip(*s))\ndef mk(x): return M(M(r) for r in x)",
        "m=mk([[1,2],[3,4]])\nassert m.T()==[[1,3],[2,4]] and m[0]==[1,2]\nm[0][0]=9\nassert m.T()[0][0]==9\nassert isinstance(m[0],list)\nm.append([5,6])\nassert m.T()==[[9,3,5],[2,4,6]]",
    ),
    script(
        "dict subclass by arg",
        "class Cfg(dict):\n    def merge(s,o):\n        s.update(o)\n        return s\ndef use(c): return c['a']+len(c)",
        "c=Cfg(a=1)\nassert c.merge({'b':2}) is c\nassert c=={'a':1,'b':2}\nassert use(c)==3\nc['a']=10\nassert use(c)==12\ndel c['b']\nassert use(c)==11\nassert use({'a':1})==2",
    ),
    script(
        "str enum",
        "from enum import Enum\nclass C(str,Enum):\n    A='a'\n    B='b'\nclass P(Enum):\n    X=1\n    def __str__(s): return 'P-'+s.name\ndef f(c): return c is C.A\ndef g(): return [C.A,P.X]",
        "assert f(C.A) and not f(C.B)\nassert g()==[C.A,P.X] and g()[0]=='a' and str(P.X)=='P-X'\nassert C.A.upper()=='A' and C.A.value=='a' and {C.A:1}['a']==1\nassert P.X!=1 and P.X.value==1 and P['X'] is P.X\nassert [c for c in C]==[C.A,C.B]\nassert sorted([C.B,C.A])==['a','b']\nassert P.X in {P.X}\nassert C.A in list(C)",
    ),
    script(
        "intflag",
        "from enum import IntFlag,Flag,auto\nclass R(IntFlag):\n    A=1\n    B=2\nclass Q(Flag):\n    X=auto()\n    Y=auto()\ndef f(): return R.A|R.B",
        "assert f()==3 and R.A in f() and f()&R.A and not (R.A&R.B)\nassert (Q.X|Q.Y)&Q.X==Q.X and Q.X in (Q.X|Q.Y) and (Q.X|Q.Y)!=Q.X\nassert R.A|R.B==3\nassert isinstance(f(),R)",
    ),
    script(
        "money",
        "from decimal import Decimal\nclass Money:\n    def __init__(s,a): s.a=Decimal(a)\n    def __add__(s,o): return Money(s.a+o.a)\n    def __eq__(s,o): return s.a==o.a\n    def __lt__(s,o): return s.a<o.a\n    def __hash__(s): return hash(s.a)\n    def __str__(s): return f'{s.a:.2f}'",
        "assert Money('1.1')+Money('2')==Money('3.1')\nassert str(Money(2))=='2.00' and Money(1)<Money(2) and not Money(2)<Money(1)\nassert sum([Money(1),Money(2)],Money(0))==Money(3)\nassert max(Money(1),Money(3))==Money(3)\nassert len({Money(1),Money(1)})==1",
    ),
    script(
        "float subclass arith",
        "class Deg(float):\n    def rad(s):\n        import math\n        return math.radians(s)\n    def __add__(s,o): return Deg(float(s)+float(o))\ndef mk(x): return Deg(x)",
        "d=mk(180)\nassert abs(d.rad()-3.14159265)<1e-6 and d==180 and d+1==181 and d>100 and d*2==360 and -d==-180 and round(d)==180 and int(d)==180 and d+Deg(5)==185 and (d+Deg(5)).rad()>3\nassert isinstance(d+Deg(5),Deg)",
    ),
    script(
        "str subclass kept",
        "class Name(str):\n    def __new__(cls,v):\n        o=super().__new__(cls,v.title())\n        o.raw=v\n        return o\n    def initials(s): return ''.join(w[0] for w in s.split())",
        "n=Name('ada lovelace')\nassert n=='Ada Lovelace' and n.raw=='ada lovelace' and n.initials()=='AL' and n.lower()=='ada lovelace' and n+'!'=='Ada Lovelace!' and 'Love' in n and n[0]=='A' and len(n)==12 and {n:1}['Ada Lovelace']==1 and n.split()==['Ada','Lovelace'] and f'{n:>14}'=='  Ada Lovelace'",
    ),
    script(
        "defaultdict lambda",
        "from collections import defaultdict\ndef f(): return defaultdict(lambda: 5, a=1)\nclass Tree(defaultdict):\n    def __init__(s): super().__init__(Tree)\ndef g(): return Tree()",
        "d=f()\nassert d['a']==1 and d=={'a':1}\nt=g()\nt['x']['y']=1\nassert t=={'x':{'y':1}}",
    ),
    script(
        "defaultdict lambda missing",
        "from collections import defaultdict\ndef f(): return defaultdict(lambda: 5, a=1)",
        "d=f()\nassert d['zz']==5",
    ),
    script(
        "exceptions group",
        "class A(Exception):\n    def __init__(s,x): s.x=x\nclass B(A,KeyError): pass\ndef f(): raise B(3)",
        "try: f()\nexcept KeyError as e: assert e.x==3 and isinstance(e,A)\nimport unittest\nwith unittest.TestCase().assertRaises(A) as c: f()\nassert c.exception.x==3",
    ),
    script(
        "wait_for",
        "import asyncio\nasync def slow():\n    await asyncio.sleep(5)\n    return 1",
        "import asyncio\nasync def m():\n    try:\n        await asyncio.wait_for(slow(),0.05)\n        return 'no'\n    except asyncio.TimeoutError: return 'yes'\nassert asyncio.run(m())=='yes'",
    ),
    script(
        "gathered coroutines run together",
        "import asyncio\nlog=[]\nasync def s(x):\n    log.append(x)\n    await asyncio.sleep(0.1)\n    log.append('done')\n    return x",
        "import asyncio\nasync def m(): return await asyncio.gather(*[s(i) for i in range(8)])\nassert asyncio.run(m())==list(range(8))\nassert log==[*range(8),*['done']*8]",
    ),
    script(
        "producer consumer",
        "import asyncio\nclass Q:\n    def __init__(s): s.q=asyncio.Queue(1)\n    async def put(s,x): await s.q.put(x)\n    async def get(s): return await s.q.get()",
        "import asyncio\nasync def m():\n    q=Q()\n    async def prod():\n        for i in range(4): await q.put(i)\n    async def cons(): return [await q.get() for _ in range(4)]\n    r=await asyncio.gather(cons(),prod())\n    return r[0]\nassert asyncio.run(m())==[0,1,2,3]",
    ),
    script(
        "async many sleeps",
        "import asyncio\nasync def s(x):\n    for _ in range(20): await asyncio.sleep(0)\n    return x",
        "import asyncio\nasync def m(): return await asyncio.gather(*[s(i) for i in range(50)])\nassert asyncio.run(m())==list(range(50))",
    ),
    script(
        "async lock, semaphore",
        "import asyncio\nclass Pool:\n    def __init__(s,n): s.sem=asyncio.Semaphore(n); s.now=0; s.peak=0\n    async def run(s,x):\n        async with s.sem:\n            s.now+=1; s.peak=max(s.peak,s.now)\n            await asyncio.sleep(0.01)\n            s.now-=1\n            return x",
        "import asyncio\nasync def m():\n    p=Pool(3)\n    r=await asyncio.gather(*[p.run(i) for i in range(10)])\n    assert r==list(range(10)) and p.peak==3\nasyncio.run(m())",
    ),
    script(
        "async event of both",
        "import asyncio\nasync def rate(fn,n):\n    out=[]\n    for i in range(n): out.append(await fn(i))\n    return out\nasync def maybe(fn):\n    if asyncio.iscoroutinefunction(fn): return await fn()\n    return fn()",
        "import asyncio\nasync def fn(i):\n    await asyncio.sleep(0)\n    return i*2\nasync def one(): return 1\nassert asyncio.run(rate(fn,3))==[0,2,4]\nassert asyncio.run(maybe(one))==1 and asyncio.run(maybe(lambda: 2))==2",
    ),
    script(
        "async decorator",
        "import asyncio,functools\ndef retry(n):\n    def d(f):\n        @functools.wraps(f)\n        async def g(*a):\n            for i in range(n):\n                try: return await f(*a)\n                except ValueError:\n                    if i==n-1: raise\n                    await asyncio.sleep(0)\n        return g\n    return d",
        "import asyncio\nn=[]\n@retry(3)\nasync def f(x):\n    n.append(x)\n    if len(n)<3: raise ValueError\n    return x\nassert asyncio.run(f(4))==4 and len(n)==3 and f.__name__=='f'",
    ),
    script(
        "async cancel",
        "import asyncio\nlog=[]\nasync def work():\n    try: await asyncio.sleep(10)\n    except asyncio.CancelledError:\n        log.append('cancelled')\n        raise",
        "import asyncio\nasync def m():\n    t=asyncio.create_task(work())\n    await asyncio.sleep(0.01)\n    t.cancel()\n    try:\n        await t\n        assert False\n    except asyncio.CancelledError: pass\nasyncio.run(m())\nassert log==['cancelled']",
    ),
    script(
        "async ctx and iteration",
        "import asyncio\nfrom contextlib import asynccontextmanager\n@asynccontextmanager\nasync def res(x):\n    await asyncio.sleep(0)\n    yield x\nclass T:\n    def __init__(s,n): s.n=n\n    def __aiter__(s): s.i=0; return s\n    async def __anext__(s):\n        if s.i>=s.n: raise StopAsyncIteration\n        s.i+=1\n        await asyncio.sleep(0)\n        return s.i\nclass F:\n    def __await__(s):\n        yield from asyncio.sleep(0).__await__()\n        return 9",
        "import asyncio\nasync def m():\n    async with res(5) as r: assert r==5\n    assert [x async for x in T(3)]==[1,2,3]\n    assert await F()==9\nasyncio.run(m())",
    ),
    script(
        "sync send",
        "async def f(): return 5",
        "c=f()\ntry: c.send(None)\nexcept StopIteration as e: assert e.value==5",
    ),
    script(
        "isolated asyncio test case",
        "import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x",
        "import unittest\nclass T(unittest.IsolatedAsyncioTestCase):\n    async def test_a(self): self.assertEqual(await f(3),3)\nr=unittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromTestCase(T))\nassert r.wasSuccessful() and r.testsRun==1",
    ),
    script(
        "an iterator that starts anew",
        "class R:\n    def __init__(s,n): s.n=n\n    def __iter__(s):\n        s.i=0\n        return s\n    def __next__(s):\n        if s.i>=s.n: raise StopIteration\n        s.i+=1\n        return s.i",
        "r=R(3)\nassert list(r)==[1,2,3] and list(r)==[1,2,3]\nassert 2 in r and sum(r)==6",
    ),
    script(
        "signatures",
        "def f(a:int,b:str='x',*c,d=3,**e)->bool: return True\nclass K:\n    def __init__(self,x,y=1): pass\n    def m(self,z): pass",
        "import inspect\ns=inspect.signature(f)\nassert list(s.parameters)==['a','b','c','d','e'] and s.parameters['b'].default=='x' and s.parameters['a'].annotation is int and s.return_annotation is bool\nassert s.parameters['c'].kind==inspect.Parameter.VAR_POSITIONAL\nassert str(inspect.signature(K))=='(x, y=1)' and str(inspect.signature(K.m))=='(self, z)'\nassert inspect.getfullargspec(f).args==['a','b'] and f.__defaults__==('x',)",
    ),
]
