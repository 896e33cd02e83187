// The candidate's end: loads the code, then does what the tests ask, one request after another.
// It runs in the candidate's own process, so nothing here protects anybody: what it says is no more than values.
//
//   node candidate.js FILE
//
// Requests: {op: "entry"|"names"|"global"|"call"|"new"|"get"|"set"|"has"|"keys"|"is"|"bye", …}. An answer is
// {ok: value} | {raise: error} | {cannot: text}, with p: 1 where a promise was settled for it, and w: [[index, value]…]
// for arguments that were changed; or a question {callback: number, args}, answered by {op: "return"|"throw", value}.
// The first answer tells how loading went.
'use strict';

const { createRequire } = require('module');
const path = require('path');
const { pathToFileURL } = require('url');
const vm = require('vm');

const { NODES, givesNodes, nodes, plain } = require('./nodes.js');
const wire = require('./wire.js');

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u;
const NO_ARGUMENT = ['t', 'h', 'u', 'n', 'b', 'r', 'e', 'd', 'x'];
const file = path.resolve(process.argv[2]);
const source = wire.fs.readFileSync(file, 'utf8');
// As it was written: in TypeScript, with the types that tell of nodes.
const typed = file.replace(/js$/, 'ts');
const written = wire.fs.existsSync(typed) ? wire.fs.readFileSync(typed, 'utf8') : source;
// Who never waits for anything needs no event loop between two calls, and reading at once is quicker.
const waits = /\b(?:async|await|Promise|setTimeout|setInterval|setImmediate|nextTick|queueMicrotask|Worker|then)\b/.test(source);
const { exit } = process;
const objects = new Map();
const handles = new Map();
const queue = [];
let exported = {};
let look = () => undefined;
let reading = false; // a request is waited for already

function refer(value, kind) {
  let handle = handles.get(value);
  if (handle === undefined) {
    handle = handles.size + 1;
    handles.set(value, handle);
    objects.set(handle, value);
  }
  if (kind === 'e') return handle;
  if (kind === 'i') return { r: [handle, 'i', String(value.constructor?.name ?? '')] };
  const text = Function.prototype.toString.call(value);
  return { r: [handle, /^class\b/.test(text) ? 'c' : 'f', String(value.name)] };
}

function take(tag, content) {
  if (tag === 'h') return objects.get(content);
  if (tag === 't') return (...args) => ask(content, args);
  throw new wire.Malformed('what only a candidate sends');
}

const given = (data) => wire.decode(data, take);
const gives = (value) => wire.encode(value, refer);

// Call a function of the tests. A request that comes meanwhile was sent before they could know; it waits.
function ask(callback, args) {
  if (reading) throw new Error('a function of the tests can only be called during a call of theirs');
  wire.send({ callback, args: gives(args) });
  for (;;) {
    const answer = wire.receive();
    if (answer.op === 'return') return given(answer.value);
    if (answer.op === 'throw') throw given(answer.value);
    queue.push(answer);
  }
}

function raised(error) {
  try {
    return { raise: error instanceof Error ? gives(error) : { o: [['thrown', simple(error)]] } };
  } catch {
    return { raise: { e: ['Error', 'an error that cannot be told', 0] } };
  }
}

function simple(value) {
  try {
    return gives(value);
  } catch {
    return { u: 1 };
  }
}

// Run the code as a script, whose top-level names can all be looked up; what is an ES module only, as one.
async function load() {
  const module = { exports: {}, id: '.', filename: file, loaded: false, children: [], paths: [] };
  const surroundings = { ...NODES, require: createRequire(file), module, exports: module.exports, __filename: file,
    __dirname: path.dirname(file) };
  for (const [name, value] of Object.entries(surroundings)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  }
  let script = null;
  try {
    script = new vm.Script(source, { filename: file, importModuleDynamically: vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER });
  } catch (error) {
    if (/^\s*(?:import|export)\b|\bawait\b/m.test(source)) {
      await loadModule();
      return;
    }
    process.stderr.write(`${error.stack}\n`);
    exit(1); // told by its last words (languages/javascript.py)
  }
  look = (name) => vm.runInThisContext(name);
  script.runInThisContext();
  exported = module.exports;
}

async function loadModule() {
  const name = path.join(path.dirname(file), 'module.mjs');
  globalThis.$proctorLook = (found) => { look = found; };
  wire.fs.writeFileSync(name, `${source}\n;globalThis.$proctorLook((name) => eval(name));\n`);
  exported = await import(pathToFileURL(name).href);
}

function find(name) {
  if (!IDENTIFIER.test(name)) return undefined;
  try {
    const value = look(name);
    if (value !== undefined) return value;
  } catch {
    // not there, or not made yet
  }
  return exported?.[name] ?? exported?.default?.[name];
}

// A function by its name or `Class.method` (of an instance made without arguments); of LeetCode's `class Solution`, and
// of a module that exports nothing but one function, by the method's or any name.
function entry(dotted) {
  const [first, ...rest] = dotted.split('.');
  let value = find(first);
  if (value === undefined && rest.length === 0) {
    const Solution = find('Solution');
    if (typeof Solution?.prototype?.[first] === 'function') return Solution.prototype[first].bind(new Solution());
    if (typeof Solution?.[first] === 'function') return Solution[first].bind(Solution);
    if (typeof exported === 'function') return exported;
  }
  if (value === undefined) throw new ReferenceError(`${first} is not defined`);
  for (const name of rest) {
    const owner = typeof value === 'function' && !(name in value) ? new value() : value;
    if (typeof owner[name] !== 'function') throw new TypeError(`${dotted} is not a function`);
    value = owner[name].bind(owner);
  }
  if (typeof value !== 'function') throw new TypeError(`${dotted} is not a function`);
  return value;
}

const OPERATIONS = {
  names: ({ names }) => names.filter((name) => find(name) !== undefined),
  global: ({ name }) => find(name),
  get: ({ o, k }) => objects.get(o)[k === '@@iterator' ? Symbol.iterator : k],
  has: ({ o, k }) => k in objects.get(o),
  set: ({ o, k, value }) => { objects.get(o)[k] = given(value); },
  keys: ({ o }) => Object.keys(objects.get(o)),
  is: ({ o, c }) => objects.get(o) instanceof objects.get(c),
};

async function entered(request) {
  const args = nodes(written, request.path, request.args.map(given), find);
  const value = await entry(request.path)(...args);
  if (request.result === 'return' && value === null && givesNodes(written)) return { ok: { z: 0 } };
  return { ok: gives(plain(request.result === 'return' ? value : args[Number(request.result.slice(3))])) };
}

async function called(request) {
  const args = request.args.map(given);
  const target = objects.get(request.f);
  const value = request.op === 'new' ? new target(...args) : Reflect.apply(target, given(request.this ?? null), args);
  if (typeof value?.then !== 'function') return { ok: gives(value), w: changed(request.args, args) };
  try {
    return { ok: gives(await value), p: 1, w: changed(request.args, args) };
  } catch (error) {
    return { ...raised(error), p: 1, w: changed(request.args, args) };
  }
}

// The arguments that the call changed in place.
function changed(before, after) {
  const found = [];
  before.forEach((data, index) => {
    if (data === null || typeof data !== 'object' || NO_ARGUMENT.some((tag) => tag in data)) return;
    const now = simple(after[index]);
    if (JSON.stringify(now) !== JSON.stringify(data)) found.push([index, now]);
  });
  return found;
}

async function answer(request) {
  try {
    if (request.op === 'entry') return await entered(request);
    if (request.op in OPERATIONS) return { ok: gives(OPERATIONS[request.op](request)) };
    return await called(request);
  } catch (error) {
    if (error instanceof wire.Gone) throw error;
    return error instanceof wire.CannotCross ? { cannot: error.message } : raised(error);
  }
}

// The next request, while the event loop runs.
function later() {
  const head = Buffer.alloc(4);
  reading = true;
  return new Promise((resolve, reject) => {
    const next = (got) => wire.fs.read(wire.SOCKET, head, got, 4 - got, null, (error, count) => {
      reading = false;
      if (error || count === 0) reject(new wire.Gone());
      else if (got + count < 4) next(got + count);
      else resolve(wire.payload(head));
    });
    next(0);
  });
}

function reply(message) {
  try {
    wire.send(message);
  } catch (error) {
    if (!(error instanceof wire.CannotCross)) throw error;
    wire.send({ cannot: error.message });
  }
}

async function main() {
  try {
    await load();
    reply({ ok: null });
  } catch (error) {
    process.stderr.write(`${error?.stack ?? error}\n`);
    reply(raised(error));
  }
  for (;;) {
    const request = queue.shift() ?? (waits ? await later() : wire.receive());
    if (request.op === 'bye') exit(0);
    reply(await answer(request));
  }
}

main().catch((error) => {
  if (error instanceof wire.Gone || error?.code === 'EPIPE') exit(0);
  throw error;
});
