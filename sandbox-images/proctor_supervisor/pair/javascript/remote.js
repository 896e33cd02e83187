// The candidate as the tests see it: functions, classes and objects that stand for the candidate's own, each use of
// which is a request (see candidate.js). Runs in the tests' process; all that comes in is hostile.
//
// What tests hold an answer against is their own: data arrives as fresh plain data, and an object that the candidate
// made has no `valueOf` here, no `toString` and none of the methods of arrays, strings, numbers, maps and sets, unless
// the tests themselves construct objects of the candidate's classes. So no object of the candidate's can pass for a
// value, agree with everything, or find out what it is compared with.
'use strict';

const wire = require('./wire.js');

const ERRORS = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
const STANDING = Object.create(Object.prototype); // the prototype of what stands for an object
const OF_DATA = new Set([Array, String, Number, Boolean, Map, Set, Date, RegExp, Object, BigInt, Symbol]
  .flatMap((made) => Object.getOwnPropertyNames(made.prototype)).concat(['toJSON', 'then']));

class Candidate {
  // tampered(text): the candidate broke the protocol; never returns. gone(): it ended; never returns.
  constructor({ tampered, gone }) {
    this.tampered = tampered;
    this.gone = gone;
    this.used = false; // whether anything was asked of it
    this.constructs = false; // whether the tests construct its classes
    this.thrown = new WeakSet(); // errors that are the candidate's
    this.lastThrown = undefined;
    this.numbers = new WeakMap(); // what stands for it → handle
    this.standing = new Map(); // handle → what stands for it
    this.errors = new WeakMap(); // error → handle
    this.functions = []; // of the tests, lent to it
    this.lent = new Map();
  }

  // The first answer: how loading went. Throws what it threw.
  loaded() {
    this.#value(this.#receive(), []);
  }

  has(names) {
    const there = this.#ask({ op: 'names', names });
    if (!Array.isArray(there)) this.tampered('names that are none');
    return names.filter((name) => there.includes(name));
  }

  global(name) {
    return this.#ask({ op: 'global', name });
  }

  bye() {
    try {
      wire.send({ op: 'bye' });
    } catch {
      // it has ended
    }
  }

  // Whether an error is the candidate's.
  threw(error) {
    return typeof error === 'object' && error !== null ? this.thrown.has(error) : error !== undefined && error === this.lastThrown;
  }

  #ask(request, args = []) {
    this.used = true;
    try {
      wire.send(request);
    } catch (error) {
      if (error instanceof wire.CannotCross) throw new TypeError(error.message);
      return this.gone();
    }
    for (;;) {
      const answer = this.#receive();
      if (!('callback' in answer)) return this.#value(answer, args);
      this.#serve(answer);
    }
  }

  #receive() {
    try {
      const answer = wire.receive();
      if (answer === null || typeof answer !== 'object' || Array.isArray(answer)) throw new wire.Malformed('no answer');
      return answer;
    } catch (error) {
      return error instanceof wire.Malformed || error instanceof RangeError ? this.tampered(error.message) : this.gone();
    }
  }

  #value(answer, args) {
    for (const [index, data] of Array.isArray(answer.w) ? answer.w : []) change(args[index], this.#decode(data));
    if ('cannot' in answer) throw this.#mine(new TypeError(`a value that cannot be sent: ${String(answer.cannot).slice(0, 200)}`));
    if ('raise' in answer) {
      const error = this.#error(answer.raise);
      if (answer.p !== 1) throw error;
      return Promise.reject(error);
    }
    if (!('ok' in answer)) this.tampered('an answer that is none');
    const value = this.#decode(answer.ok);
    return answer.p === 1 ? Promise.resolve(value) : value;
  }

  #error(data) {
    const error = this.#decode(data);
    if (error instanceof Error) return error;
    this.lastThrown = error?.thrown;
    return this.#mine(this.lastThrown);
  }

  #mine(error) {
    if (typeof error === 'object' && error !== null) this.thrown.add(error);
    return error;
  }

  #serve({ callback, args }) {
    const lent = this.functions[callback];
    if (lent === undefined || !Array.isArray(args)) this.tampered('a call of a function that was never lent');
    let reply;
    try {
      reply = { op: 'return', value: this.#encode(lent(...args.map((data) => this.#decode(data)))) };
    } catch (error) {
      reply = { op: 'throw', value: this.#encode(error) };
    }
    wire.send(reply);
  }

  #encode(value) {
    return wire.encode(value, (inner, kind) => {
      if (kind === 'e') return 0;
      if (this.numbers.has(inner)) return { h: this.numbers.get(inner) };
      if (kind === 'i') throw new TypeError('an object of a class of the tests cannot be sent to the candidate');
      if (!this.lent.has(inner)) this.lent.set(inner, this.functions.push(inner) - 1);
      return { t: this.lent.get(inner) };
    });
  }

  #decode(data) {
    const take = (tag, content) => this.#take(tag, content);
    take.keeps = (key, value) => this.constructs || typeof value !== 'function' || !OF_DATA.has(key);
    try {
      return wire.decode(data, take);
    } catch (error) {
      return this.tampered(error.message);
    }
  }

  #take(tag, content) {
    if (tag === 'h') return this.functions[content];
    if (tag === 't' && this.functions[content] !== undefined) return this.functions[content];
    if (!Array.isArray(content)) throw new wire.Malformed('what no candidate sends');
    if (tag === 'e') return this.#made(content);
    const [handle, kind, name] = content;
    if (tag !== 'r' || !Number.isSafeInteger(handle)) throw new wire.Malformed('what no candidate sends');
    if (!this.standing.has(handle)) {
      const stands = kind === 'i' ? this.#object(handle) : this.#function(handle, String(name));
      this.standing.set(handle, stands);
      this.numbers.set(stands, handle);
    }
    return this.standing.get(handle);
  }

  #made([name, message, handle]) {
    const known = Object.hasOwn(ERRORS, name) ? ERRORS[name] : Error;
    const error = new known(String(message));
    if (known === Error) Object.defineProperty(error, 'name', { value: String(name), configurable: true, writable: true });
    this.errors.set(error, handle);
    this.thrown.add(error);
    return error;
  }

  #call(op, handle, self, args) {
    const holder = this.numbers.has(self) ? { h: this.numbers.get(self) } : null;
    return this.#ask({ op, f: handle, this: holder, args: args.map((value) => this.#encode(value)) }, args);
  }

  #function(handle, name) {
    const candidate = this;
    const stands = function () {};
    Object.defineProperty(stands, 'name', { value: name, configurable: true });
    return new Proxy(stands, {
      apply: (_, self, args) => candidate.#call('call', handle, typeof self === 'object' || typeof self === 'function' ? self : null, args),
      construct(_, args) {
        candidate.constructs = true;
        const made = candidate.#call('new', handle, null, args);
        return typeof made === 'object' && made !== null ? made : {};
      },
      get(target, key) {
        if (key === Symbol.hasInstance) return (value) => candidate.#isInstance(value, handle);
        if (typeof key === 'symbol' || key in target) return Reflect.get(target, key);
        return candidate.#ask({ op: 'get', o: handle, k: key });
      },
      has: (target, key) => key in target || candidate.#ask({ op: 'has', o: handle, k: String(key) }) === true,
    });
  }

  #isInstance(value, handle) {
    const number = this.numbers.get(value) ?? this.errors.get(value);
    return Number.isSafeInteger(number) && this.#ask({ op: 'is', o: number, c: handle }) === true;
  }

  #object(handle) {
    const candidate = this;
    const get = (key) => candidate.#ask({ op: 'get', o: handle, k: key });
    return new Proxy({}, {
      get(_, key, self) {
        if (key === Symbol.iterator) return () => candidate.#iterator(handle, self);
        if (typeof key === 'symbol' || key === 'valueOf' || key === 'toJSON') return undefined;
        if (key === 'constructor') return candidate.constructs ? get(key) : Object;
        if (OF_DATA.has(key) && !candidate.constructs) {
          throw candidate.#mine(new TypeError(`the answer is an object of the candidate's own, without ${key}`));
        }
        return get(key);
      },
      set(_, key, value) {
        candidate.#ask({ op: 'set', o: handle, k: String(key), value: candidate.#encode(value) });
        return true;
      },
      has: (_, key) => typeof key === 'string' && candidate.#ask({ op: 'has', o: handle, k: key }) === true,
      ownKeys: () => candidate.#keys(handle),
      getOwnPropertyDescriptor(_, key) {
        if (typeof key !== 'string' || !candidate.#keys(handle).includes(key)) return undefined;
        return { value: get(key), writable: true, enumerable: true, configurable: true };
      },
      getPrototypeOf: () => STANDING,
    });
  }

  #keys(handle) {
    const keys = this.#ask({ op: 'keys', o: handle });
    if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string')) this.tampered('keys that are none');
    return [...new Set(keys)];
  }

  #iterator(handle, self) {
    const make = this.#ask({ op: 'get', o: handle, k: '@@iterator' });
    if (typeof make !== 'function') throw this.#mine(new TypeError('the answer is not iterable'));
    const iterator = Reflect.apply(make, self, []);
    return { next: (...args) => iterator.next(...args), return: () => ({ done: true, value: undefined }) };
  }
}

// Make an argument of the tests what the candidate made of it.
function change(own, now) {
  if (Array.isArray(own) && Array.isArray(now)) {
    own.length = 0;
    now.forEach((item, index) => { own[index] = item; });
  } else if (own instanceof Map && now instanceof Map) {
    own.clear();
    now.forEach((value, key) => own.set(key, value));
  } else if (own instanceof Set && now instanceof Set) {
    own.clear();
    now.forEach((value) => own.add(value));
  } else if (ArrayBuffer.isView(own) && ArrayBuffer.isView(now) && own.length === now.length) {
    own.set(now);
  } else if (own?.constructor === Object && now?.constructor === Object) {
    Object.keys(own).forEach((key) => { delete own[key]; });
    Object.assign(own, now);
  }
}

module.exports = { Candidate };
