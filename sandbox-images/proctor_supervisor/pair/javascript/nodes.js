// ListNode and TreeNode, as LeetCode's judge gives them to solutions. A list given for a parameter that the code
// documents as one (`@param {ListNode} head`, or by type, `head: ListNode | null`) arrives as nodes, and nodes come
// back as a list, trees level by level with null for absent children.
'use strict';

const LENGTH_MAX = 1000000;

class ListNode {
  constructor(val, next) {
    this.val = val === undefined ? 0 : val;
    this.next = next === undefined ? null : next;
  }
}

class TreeNode {
  constructor(val, left, right) {
    this.val = val === undefined ? 0 : val;
    this.left = left === undefined ? null : left;
    this.right = right === undefined ? null : right;
  }
}

const NODES = { ListNode, TreeNode };

// The text of each parameter's type, from the signature or else from the comments before it.
function types(source, path) {
  const name = path.split('.').pop().replace(/\$/g, '\\$');
  const signature = new RegExp(`\\b${name}\\b[^(\\n]*\\(([^)]*)\\)`).exec(source);
  const parameters = signature ? signature[1].split(',') : [];
  if (parameters.some((text) => text.includes(':'))) return parameters.map((text) => text.split(':')[1] ?? '');
  return Array.from(source.matchAll(/@param\s*\{([^}]*)\}/g), (match) => match[1]);
}

function nodes(source, path, args, found) {
  if (!/ListNode|TreeNode/.test(source)) return args;
  const wanted = types(source, path);
  return args.map((value, index) => {
    const kind = /\b(?:ListNode|TreeNode)\b/.exec(wanted[index] ?? '')?.[0];
    if (kind === undefined || !Array.isArray(value)) return value;
    const make = (items) => (kind === 'ListNode' ? linked : tree)(items ?? [], found(kind) ?? NODES[kind]);
    return /\[\]|Array/.test(wanted[index]) ? value.map(make) : make(value);
  });
}

function linked(values, Node) {
  return values.reduceRight((next, value) => Object.assign(new Node(value, next), { val: value, next }), null);
}

function tree(values, Node) {
  if (values.length === 0 || values[0] === null) return null;
  const root = new Node(values[0]);
  const waiting = [root];
  for (let next = 1, at = 0; next < values.length && at < waiting.length; at += 1) {
    for (const side of ['left', 'right']) {
      const value = values[next];
      next += 1;
      if (value === null || value === undefined) continue;
      waiting[at][side] = new Node(value);
      waiting.push(waiting[at][side]);
    }
  }
  return root;
}

function plain(value) {
  if (Array.isArray(value)) return value.some(isNode) ? value.map(plain) : value;
  if (!isNode(value)) return value;
  return 'next' in value ? listed(value) : levels(value);
}

// Whether the code says that it gives nodes, so that a null is an empty list or tree of them.
function givesNodes(source) {
  return /@returns?\s*\{[^}]*\b(?:ListNode|TreeNode)\b|\)\s*:\s*(?:ListNode|TreeNode)\b/.test(source);
}

function isNode(value) {
  if (value === null || typeof value !== 'object' || !('val' in value)) return false;
  return ['ListNode', 'TreeNode'].includes(value.constructor?.name) || ('next' in value && Object.keys(value).length === 2);
}

function listed(node) {
  const out = [];
  for (let here = node; here && out.length < LENGTH_MAX; here = here.next) out.push(here.val);
  return out;
}

function levels(root) {
  const out = [];
  const waiting = [root];
  for (let at = 0; at < waiting.length && out.length < LENGTH_MAX; at += 1) {
    const node = waiting[at];
    out.push(node ? node.val : null);
    if (node) waiting.push(node.left, node.right);
  }
  while (out.length && out[out.length - 1] === null) out.pop();
  return out;
}

module.exports = { NODES, givesNodes, nodes, plain };
