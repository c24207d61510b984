// @ts-check
/** A network in use, one image at a time, by textbook loops; every value of every layer stays to be looked at. */
import { Machine, unpacked } from "./memory.js";
import { count } from "./loops.js";

/**
 * As `network_assets` in minicnn/page/assets.py makes it.
 * @typedef {["value" | "parameter" | "table", number, number[]] | number} Argument
 * @typedef {{calls: [string, string, Argument[]][], values: Record<string, [number, number[]]>, size: number, tables: [string, string][],
 *   backward: [string, string, Argument[]][], dy: number, dx: number}} Walk
 * @typedef {{name: string, target: "class" | "mask" | "boxes", places: number, boxes: import("./boxes.js").BoxSettings | null, start: {batch: number, adam: number, sgd: number}, input_shape: number[], classes: string[], preparation: {scale: number[], shift: number[], unit: number}, image_shape: number[],
 *   nodes: {name: string, type: string, inputs: string[], field: number[] | null, jump: number[] | null}[], slots: [string, number, number[], boolean, any[]][],
 *   size: number, parameters: string | null, walk: Walk, plans: Record<string, any>, modules: {textbook: string | null, engine: string | null}, metadata: Record<string, string>}} NetworkAssets
 */

export class Network {
  /** @param {import("./loops.js").Loops} loops @param {NetworkAssets} assets @param {Uint8Array[]} tables */
  constructor(loops, assets, tables) {
    this.loops = loops;
    this.assets = assets;
    this.machine = loops.machine;
    this.values = this.machine.take(4 * assets.walk.size);
    this.parameters = this.machine.take(4 * assets.size);
    this.tables = tables.map(each => this.machine.place(each));
  }

  /** @param {import("./loops.js").Loops} loops @param {NetworkAssets} assets */
  static async start(loops, assets) {
    return new Network(loops, assets, await Promise.all(assets.walk.tables.map(([, data]) => unpacked(data))));
  }

  /** @param {Float32Array} parameters */
  adopt(parameters) { this.machine.floats(this.parameters, this.assets.size).set(parameters.subarray(0, this.assets.size)); }

  /** @param {Argument} given */
  address(given) {
    if (typeof given === "number") return [given];
    const [kind, at, shape] = given;
    return [kind === "table" ? this.tables[at] : (kind === "value" ? this.values : this.parameters) + 4 * at, ...shape];
  }

  /** @param {[string, string, Argument[]][]} calls */
  run(calls) {
    for (const [node, loop, given] of calls) {
      const known = this.loops.of(loop), flat = given.flatMap((each, n) => {
        const [at, ...shape] = this.address(each);
        return typeof each === "number" || known.arguments[n][2] ? [at, ...shape] : [at, count(shape)];
      });
      const status = this.machine.loops[loop](...flat);
      if (status) throw new Error(`${node}: ${loop} ended with status ${status}`);
    }
  }

  /** The scores of an image as the network takes it. @param {Float32Array} image */
  forward(image) {
    const [at, shape] = this.assets.walk.values.input;
    this.machine.floats(this.values + 4 * at, count(shape)).set(image);
    this.run(this.assets.walk.calls);
    return this.value(this.output);
  }

  get output() { return Object.keys(this.assets.walk.values).at(-1) ?? "input"; }

  /** A copy of what a layer gave for the last image. @param {string} node @returns {import("./loops.js").Tensor} */
  value(node) {
    const [at, shape] = this.assets.walk.values[node];
    return { shape, data: this.machine.floats(this.values + 4 * at, count(shape)).slice() };
  }

  /** The gradient of one score, or of its sum over all places, with respect to the last image. @param {number} k */
  saliency(k) {
    const { dy, dx, values, backward } = this.assets.walk, { boxes } = this.assets, [maps, ...rest] = values[this.output][1], places = count(rest), all = maps * places;
    const start = this.machine.floats(this.values + 4 * dy, all);
    start.fill(0);
    k = Math.min(k + 5 * (boxes?.boxes ?? 0), maps - 1); // one map alone speaks of class 1; those of boxes come before those of classes
    start.fill(1, k * places, (k + 1) * places);
    this.run(backward);
    return this.machine.floats(this.values + 4 * dx, count(values.input[1])).slice();
  }

  /** The call that made a layer's output, its arguments as arrays: to be explained. @param {string} node @returns {{loop: string, output: string, given: Record<string, import("./loops.js").Given>} | null} */
  callOf(node) {
    const found = this.assets.walk.calls.filter(([name]) => name === node).at(-1);
    if (!found) return null;
    const [, loop, given] = found, known = this.loops.of(loop), own = /** @type {Record<string, import("./loops.js").Given>} */ ({});
    known.arguments.forEach(([name, kind], n) => {
      const each = given[n];
      if (typeof each === "number") return void (own[name] = each);
      const [at] = this.address(each), size = count(each[2]);
      const data = each[0] === "table" && this.assets.walk.tables[each[1]][0] === "float64" ? this.machine.doubles(at, size).slice()
        : kind === "ints" ? Int32Array.from(this.machine.integers(at, size), Number) : this.machine.floats(at, size).slice();
      own[name] = { shape: each[2], data };
    });
    return { loop, output: known.outputs[0], given: own };
  }
}

/** First values of all parameters, by chance alone: He's for the weights, as minicnn draws them. @param {NetworkAssets} assets @param {() => number} random */
export function firstParameters(assets, random) {
  const all = new Float32Array(assets.size + 64);
  for (const [, at, shape, , [kind, number]] of assets.slots) {
    for (let n = 0; n < count(shape); n++) all[at + n] = kind === "uniform" ? number * (2 * random() - 1) : number;
  }
  return all;
}

/** Numbers from 0 to below 1, the same for a seed everywhere. mulberry32, by Tommy Ettinger, 2017, public domain. @param {number} seed */
export function generator(seed) {
  return () => {
    seed = seed + 0x6D2B79F5 | 0;
    let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 4294967296;
  };
}

/** @param {ArrayLike<number>} scores */
export function softmax(scores) {
  const all = Array.from(scores), most = Math.max(...all), powers = all.map(each => Math.exp(each - most)), sum = powers.reduce((a, b) => a + b, 0);
  return powers.map(each => each / sum);
}
