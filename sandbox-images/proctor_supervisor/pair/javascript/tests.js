// The tests' end: runs the test code as one case and reports how it went. The candidate's process is elsewhere; names
// that the tests use and neither they nor the language define stand for the candidate's (remote.js).
//
//   node tests.js TESTS      TESTS: a file with {code, entry_point, language}
//
// The report goes to descriptor 4, JSON lines as in pair/report.py. A failed `console.assert` ends the case as
// wrong_answer; so does an uncaught error, an assertion's or not, unless it is the candidate's (runtime_error). Tests
// pass when they come to their end, all that they wait for included, and reached an assertion if they have any.
'use strict';

const assert = require('assert');
const childProcess = require('child_process');
const Module = require('module');
const path = require('path');
const vm = require('vm');

const { Candidate } = require('./remote.js');
const wire = require('./wire.js');

const REPORT = 4;
const DETAIL_MAX = 600;
const NAME = 'test-code.js';
const SOLUTION = /^(?:\.{1,2}\/)*(?:solution|main|index|candidate)(?:\.[cm]?[jt]s)?$/;
const WORD = /[\p{ID_Start}$_][\p{ID_Continue}$]*/gu;
const DECLARED = /\b(?:const|let|var|function\*?|class)\s+([\p{ID_Start}$_][\p{ID_Continue}$]*)/gu;
const KEYWORDS = new Set(`break case catch class const continue debugger default delete do else export extends false
finally for function if import in instanceof new null return super switch this throw true try typeof var void while with
let static yield await enum implements interface package private protected public arguments eval`.split(/\s+/));
const tests = JSON.parse(wire.fs.readFileSync(process.argv[2], 'utf8'));
const { exit } = process;
let concluded = false;
let asserted = 0;
let pending = false;

function report(record) {
  const line = Buffer.from(`${JSON.stringify(record)}\n`);
  for (let sent = 0; sent < line.length;) sent += wire.fs.writeSync(REPORT, line, sent);
}

function conclude(verdict, detail, status = 0) {
  if (!concluded) {
    concluded = true;
    report({ end: 0, verdict, detail: detail === undefined ? null : ascii(detail).slice(0, DETAIL_MAX) });
    if (status === 0) report({ done: true });
    candidate.bye();
  }
  exit(status);
}

function ascii(text) {
  return String(text).toWellFormed();
}

function refuse(text) {
  report({ tests_error: ascii(text).slice(0, DETAIL_MAX) });
  report({ done: true });
  exit(0);
}

const candidate = new Candidate({
  gone: () => exit(3),
  tampered(text) {
    report({ flag: 'tampered' });
    return conclude('tampered', `the candidate broke the protocol: ${text}`, 4);
  },
});

function told(error) {
  let text;
  try {
    text = error instanceof Error ? `${error.name}: ${error.message}` : `${typeof error} thrown: ${String(error)}`;
  } catch {
    text = 'something that cannot be told was thrown';
  }
  const line = /test-code\.js:(\d+)/.exec(error instanceof Error ? error.stack ?? '' : '')?.[1];
  const where = line === undefined ? '' : ` (tests line ${line}: ${tests.code.split('\n')[line - 1]?.trim().slice(0, 160)})`;
  const own = candidate.threw(error) || error instanceof ReferenceError;
  conclude(own ? 'runtime_error' : 'wrong_answer', text.slice(0, 400) + where);
}

function readable(code) {
  const plain = tests.language !== 'typescript' && !/^\s*(?:import|export)\b/m.test(code);
  if (plain) return code;
  const done = childProcess.spawnSync('esbuild', ['--loader=ts', '--format=cjs', '--log-level=error', '--target=es2023'],
    { input: code, encoding: 'utf8' });
  if (done.status !== 0) refuse(`the test code does not compile: ${done.stderr}`);
  return done.stdout;
}

function script(code) {
  try {
    return new vm.Script(code, { filename: NAME });
  } catch (error) {
    return refuse(`the test code does not compile: ${error.message}`);
  }
}

// Assertions are counted, so that tests of which none was reached do not pass.
function counted(library) {
  const count = (check) => (typeof check === 'function' ? new Proxy(check, {
    apply(target, self, args) {
      asserted += 1;
      return Reflect.apply(target, self, args);
    },
    get: (target, key) => (typeof key === 'string' && key !== 'prototype' && key !== 'AssertionError' ? count(target[key]) : target[key]),
  }) : check);
  return count(library);
}

function surroundings() {
  const own = Module.createRequire(path.resolve(NAME));
  const libraries = { assert: counted(assert), 'assert/strict': counted(assert.strict) };
  const solution = new Proxy({}, {
    get: (_, name) => (typeof name === 'string' && name !== '__esModule' ? candidate.global(name) : undefined),
    has: (_, name) => typeof name === 'string' && candidate.has([name]).length > 0,
  });
  const require = (name) => libraries[name.replace(/^node:/, '')] ?? (SOLUTION.test(name) ? solution : own(name));
  const module = { exports: {} };
  Object.assign(require, { resolve: own.resolve, main: module, cache: {} });
  return { require, module, exports: module.exports, __filename: path.resolve(NAME), __dirname: path.resolve('.') };
}

function define(name, value) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}

// Names that may be the candidate's: neither the language's nor node's, nor keywords.
function unresolved(code) {
  return [...new Set(code.match(WORD) ?? [])].filter((name) => !KEYWORDS.has(name) && !(name in globalThis));
}

// A name of the candidate's, asked for when it is used: a function stays what it is, data may change.
function lend(name) {
  Object.defineProperty(globalThis, name, {
    configurable: true,
    enumerable: false,
    get() {
      const value = candidate.global(name);
      if (typeof value === 'function') define(name, value);
      return value;
    },
    set: (value) => define(name, value),
  });
}

function withoutComments(code) {
  return code.replace(/\/\*[\s\S]*?\*\/|(^|[^:'"`\\])\/\/[^\n]*/g, '$1');
}

function load() {
  try {
    candidate.loaded();
  } catch (error) {
    report({ case: 0 });
    if (error instanceof Error) error.stack = '';
    told(candidate.threw(error) ? error : Object.assign(new ReferenceError(String(error)), { stack: '' }));
  }
}

function checkOf(code) {
  const defined = /\b(?:function\s+|(?:const|let|var)\s+)check\b/.test(code);
  return tests.entry_point && defined && !/^\s*(?:await\s+)?check\s*\(/m.test(code);
}

function entryPoint() {
  const [first, ...rest] = tests.entry_point.split('.');
  const found = vm.runInThisContext(first);
  if (rest.length === 0) return found;
  const holder = typeof found === 'function' && !(rest[0] in found) ? new found() : found;
  return (...args) => holder[rest[0]](...args);
}

function await_(value) {
  if (typeof value?.then !== 'function') return;
  pending = true;
  Promise.resolve(value).then(() => { pending = false; }, told);
}

function end(hasAssertions) {
  if (pending) conclude('wrong_answer', 'the tests wait for what never comes');
  if (hasAssertions && asserted === 0) conclude('wrong_answer', 'no assertion was reached');
  if (!candidate.used) conclude('wrong_answer', "nothing of the candidate's was used");
  conclude('passed');
}

function main() {
  const code = withoutComments(readable(tests.code));
  const asserts = /\bassert\b/.test(code);
  const compiled = script(readable(tests.code));
  Object.entries(surroundings()).forEach(([name, value]) => define(name, value));
  const calls = checkOf(code);
  const declared = new Set(Array.from(code.matchAll(DECLARED), (match) => match[1]));
  const wanted = unresolved(code + (calls ? `\n${tests.entry_point.split('.')[0]}` : ''));
  if (wanted.every((name) => declared.has(name)) && !/\brequire\s*\(/.test(code)) refuse('the tests never use the candidate');
  if (!asserts && !/\b(?:throw|reject|exit|fail)\b/.test(code)) refuse('the tests assert nothing');
  report({ total: 1 });
  load();
  report({ case: 0 });
  candidate.has(wanted).forEach(lend);
  candidate.used = false;
  console.assert = (condition, ...message) => {
    asserted += 1;
    if (!condition) told(new assert.AssertionError({ message: ['Assertion failed', ...message.map(String)].join(': ') }));
  };
  process.on('uncaughtException', told);
  process.on('unhandledRejection', told);
  process.on('beforeExit', () => end(asserts));
  process.on('exit', (status) => {
    if (concluded || status === 3) return;
    if (status !== 0) conclude('wrong_answer', `the tests ended with status ${status}`);
    end(asserts);
  });
  try {
    await_(compiled.runInThisContext());
    if (calls) await_(vm.runInThisContext('check')(entryPoint()));
  } catch (error) {
    told(error);
  }
}

main();
