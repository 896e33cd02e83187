// What crosses between tests and candidate: frames (a little-endian u32 length, then that many bytes of JSON) over the
// socket at descriptor 3, and values as plain data. Shared by candidate.js and tests.js.
//
// JSON's null, booleans, strings, finite numbers and arrays stand for themselves. Every JSON object is a tag of one key:
//   {u:1} undefined · {n:"NaN"|"Infinity"|"-Infinity"|"-0"} · {b:"…"} bigint · {o:[[key, value]…]} plain object
//   {m:[[key, value]…]} Map · {s:[…]} Set · {d:ms} Date · {x:[source, flags]} RegExp · {a:[type, […]]} typed array
//   {e:[name, message, handle]} Error · {r:[handle, "f"|"c"|"i", name]} a function, class or object of the candidate's
//   {h:handle} such a one, given back to it · {t:number} a function of the tests
'use strict';

const fs = require('fs');

const { parse, stringify } = JSON;
const SOCKET = 3;
const FRAME_MAX = 64 << 20;
const DEPTH_MAX = 500;
const TYPED = ['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array',
  'Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array', 'Buffer'];
const TypedArray = Object.getPrototypeOf(Uint8Array);

class CannotCross extends Error {}
class Gone extends Error {}
class Malformed extends Error {}

function exactly(n) {
  const buffer = Buffer.allocUnsafe(n);
  for (let got = 0; got < n;) {
    const more = fs.readSync(SOCKET, buffer, got, n - got, null);
    if (more === 0) throw new Gone();
    got += more;
  }
  return buffer;
}

function receive() {
  return payload(exactly(4));
}

function payload(head) {
  const length = head.readUInt32LE(0);
  if (length > FRAME_MAX) throw new Malformed('a frame that is too large');
  const body = exactly(length).toString('utf8');
  try {
    return parse(body);
  } catch {
    throw new Malformed('a frame that is not JSON');
  }
}

function send(message) {
  const body = Buffer.from(stringify(message), 'utf8');
  if (body.length > FRAME_MAX) throw new CannotCross('more than a frame may hold');
  const frame = Buffer.allocUnsafe(4 + body.length);
  frame.writeUInt32LE(body.length, 0);
  body.copy(frame, 4);
  for (let sent = 0; sent < frame.length;) sent += fs.writeSync(SOCKET, frame, sent, frame.length - sent);
}

// `refer(value, kind)` encodes what does not cross by value: "f" a function, "i" an object; for "e" the error's handle.
function encode(value, refer, depth = 0, within = []) {
  switch (typeof value) {
    case 'undefined': return { u: 1 };
    case 'boolean':
    case 'string': return value;
    case 'number': return plainNumber(value) ? value : { n: Object.is(value, -0) ? '-0' : String(value) };
    case 'bigint': return { b: String(value) };
    case 'symbol': throw new CannotCross('a symbol');
    case 'function': return refer(value, 'f');
    default:
  }
  if (value === null) return null;
  if (depth > DEPTH_MAX) throw new CannotCross('a value that is nested too deeply');
  if (within.includes(value)) throw new CannotCross('a value that holds itself');
  const chain = within.concat([value]);
  const inner = (item) => encode(item, refer, depth + 1, chain);
  if (Array.isArray(value)) return Array.from(value, inner);
  if (value instanceof Map) return { m: Array.from(Map.prototype.entries.call(value), ([k, v]) => [inner(k), inner(v)]) };
  if (value instanceof Set) return { s: Array.from(Set.prototype.values.call(value), inner) };
  if (value instanceof Date) return { d: inner(Date.prototype.getTime.call(value)) };
  if (value instanceof RegExp) return { x: [value.source, value.flags] };
  if (value instanceof TypedArray) return { a: [Buffer.isBuffer(value) ? 'Buffer' : value[Symbol.toStringTag], Array.from(value, inner)] };
  if (value instanceof Error) return { e: [String(value.name), String(value.message), refer(value, 'e')] };
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return refer(value, 'i');
  return { o: Object.keys(value).map((key) => [key, inner(value[key])]) };
}

function plainNumber(value) {
  return Number.isFinite(value) && !Object.is(value, -0);
}

// `take(tag, content)` decodes r, h, t and e; `take.keeps(key, value)` says which properties of an object are kept.
function decode(data, take, depth = 0) {
  if (data === null || typeof data !== 'object') return data;
  if (depth > DEPTH_MAX) throw new Malformed('a value that is nested too deeply');
  const inner = (item) => decode(item, take, depth + 1);
  if (Array.isArray(data)) return data.map(inner);
  const keys = Object.keys(data);
  if (keys.length !== 1) throw new Malformed('a tag without meaning');
  const content = data[keys[0]];
  switch (keys[0]) {
    case 'u': return undefined;
    case 'n': return number(content);
    case 'b': return integer(content);
    case 'o': return object(pairs(content), inner, take.keeps);
    case 'm': return new Map(pairs(content).map(([k, v]) => [inner(k), inner(v)]));
    case 's': return new Set(list(content).map(inner));
    case 'd': return new Date(number(inner(content)));
    case 'x': return expression(list(content));
    case 'a': return typed(list(content), inner);
    default: return take(keys[0], content);
  }
}

function number(content) {
  if (typeof content === 'number') return content;
  if (!['NaN', 'Infinity', '-Infinity', '-0'].includes(content)) throw new Malformed('a number that is none');
  return Number(content);
}

function integer(content) {
  if (typeof content !== 'string' || !/^-?\d{1,1000000}$/.test(content)) throw new Malformed('an integer that is none');
  return BigInt(content);
}

function list(content) {
  if (!Array.isArray(content)) throw new Malformed('a list that is none');
  return content;
}

function pairs(content) {
  if (!list(content).every((pair) => Array.isArray(pair) && pair.length === 2)) throw new Malformed('pairs that are none');
  return content;
}

function object(content, inner, keeps = () => true) {
  const made = {};
  for (const [key, value] of content) {
    const decoded = inner(value);
    if (!keeps(String(key), decoded)) continue;
    Object.defineProperty(made, String(key), { value: decoded, writable: true, enumerable: true, configurable: true });
  }
  return made;
}

function expression([source, flags]) {
  try {
    return new RegExp(String(source), String(flags));
  } catch {
    throw new Malformed('an expression that is none');
  }
}

function typed([name, items], inner) {
  if (!TYPED.includes(name)) throw new Malformed('an array of no type');
  try {
    return globalThis[name].from(list(items).map(inner));
  } catch {
    throw new Malformed('an array of other things');
  }
}

module.exports = { CannotCross, Gone, Malformed, SOCKET, decode, encode, fs, payload, receive, send };
