// @ts-check
/** Textbook loops, called by name with arrays and numbers by name; and the same loops stopped after every statement. */
import { Machine } from "./memory.js";

/**
 * @typedef {Float32Array | Int32Array | Float64Array} Numbers
 * @typedef {{shape: number[], data: Numbers}} Tensor
 * @typedef {Tensor | number} Given
 * As `described` in minicnn/page/loops.py; kinds are "elements", "ints", "int", "float64".
 * @typedef {{text: string[], lines: number[], formula: string, arguments: [string, string, number][], outputs: string[]}} Described
 * A stop of a loop: what happened, on which line, the letters, what was read, and what came of it.
 * @typedef {[string, number, Record<string, number>, [string, number[], number | undefined][], number | null]} Stop
 */

/** @param {number[]} shape @returns {number} */
export const count = shape => shape.reduce((a, b) => a * b, 1);

/** An array of zeros, or of a function of its index. @param {number[]} shape @param {(n: number) => number} [of] @returns {Tensor} */
export const tensor = (shape, of) => ({ shape, data: of ? Float32Array.from({ length: count(shape) }, (_, n) => of(n)) : new Float32Array(count(shape)) });

/** The index of a place in scan order. @param {number[]} shape @param {number[]} place */
export const flat = (shape, place) => place.reduce((sum, each, axis) => sum * shape[axis] + each, 0);

/** @param {number[]} shape @param {number} n @returns {number[]} */
export function placeOf(shape, n) {
  const place = new Array(shape.length);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    place[axis] = n % shape[axis];
    n = Math.floor(n / shape[axis]);
  }
  return place;
}

export class Loops {
  /** @param {Machine} machine @param {Record<string, Described>} known @param {Record<string, (...given: any[]) => Generator<Stop>>} stepping */
  constructor(machine, known, stepping) {
    this.machine = machine;
    this.known = known;
    this.stepping = stepping;
  }

  machines = /** @type {Record<string, Machine>} */ ({}); // of loops that are not in the common module

  /** Take in a loop of another module. @param {string} loop @param {Described} described @param {Machine} machine @param {string} output @param {(...given: any[]) => Generator<Stop>} stepping */
  add(loop, described, machine, output, stepping) {
    this.known[loop] = described;
    this.machines[loop] = machine;
    this.stepping[`${loop} ${output}`] = stepping;
  }

  /** @param {string} loop @returns {Described} */
  of(loop) {
    if (!this.known[loop]) throw new Error(`there is no loop ${loop}`);
    return this.known[loop];
  }

  /**
   * Run a loop in WebAssembly; what it writes is in the tensors afterwards.
   * @param {string} loop @param {Record<string, Given>} given
   */
  call(loop, given) {
    const machine = this.machines[loop] ?? this.machine, before = machine.next, places = /** @type {[Tensor, number, boolean][]} */ ([]);
    const flatly = this.of(loop).arguments.flatMap(([name, kind, axes]) => {
      const value = given[name];
      if (value === undefined) throw new Error(`${loop} asks for ${name}`);
      if (typeof value === "number") return [value];
      const whole = kind === "ints", at = machine.take(value.data.length * (whole ? 8 : 4));
      if (whole) machine.integers(at, value.data.length).set(Array.from(value.data, BigInt));
      else machine.floats(at, value.data.length).set(value.data);
      places.push([value, at, whole]);
      return [at, ...(axes ? value.shape : [value.data.length])];
    });
    const status = machine.loops[loop](...flatly);
    if (status) throw new Error(`${loop} ended with status ${status}`);
    for (const [value, at, whole] of places) {
      if (whole) value.data.set(Array.from(machine.integers(at, value.data.length), Number));
      else value.data.set(machine.floats(at, value.data.length));
    }
    machine.next = before; // all of it was for this call
  }

  /**
   * Every stop of a loop on its way to one place of an output.
   * @param {string} loop @param {string} output @param {number[]} place @param {Record<string, Given>} given @returns {Stop[]}
   */
  steps(loop, output, place, given) {
    const copies = this.of(loop).arguments.map(([name]) => {
      const value = given[name];
      return typeof value === "number" ? value : { shape: value.shape, data: value.data.slice() };
    });
    return [...this.stepping[`${loop} ${output}`](place, ...copies)];
  }
}
