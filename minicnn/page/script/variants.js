// @ts-check
/** Which loop computes a variant of convolution or pooling, and the arrays and numbers that it takes: the settings of the first room. */
import { count, tensor } from "./loops.js";

/**
 * Settings, one entry an axis: rows then columns; a signal has one row.
 * @typedef {{kind: string, pass: string, axes: number, size: number[], channels: number, filters: number, window: number[], stride: number[],
 *   before: number[], after: number[], dilation: number[], groups: number, flip: boolean, tile: number[], mode: string, rest: number[],
 *   counts: boolean, sigma: number}} Settings
 * @typedef {import("./loops.js").Tensor} Tensor
 * What was run: the loop with its arguments by name, the output that is the result, and the arrays that it reads; `shown` where a loop has
 * flattened some of them.
 * @typedef {{loop: string, output: string, given: Record<string, import("./loops.js").Given>, reads: string[], shown?: Record<string, import("./loops.js").Given>}} Call
 */

export const KINDS = /** @type {[string, string][]} */ ([
  ["conv", "convolution"], ["conv_transpose", "transposed convolution"], ["tiled_conv", "tiled convolution"], ["unshared_conv", "unshared convolution"],
  ["max_pool", "max pooling"], ["avg_pool", "average pooling"], ["l2_pool", "L2 pooling"], ["gaussian_pool", "Gaussian pooling"],
]);
export const PASSES = /** @type {[string, string][]} */ ([
  ["forward", "forward: y"], ["backward_input", "backward: dx"], ["backward_weight", "backward: dweight"],
]);
export const ROLES = /** @type {Record<string, string>} */ ({
  x: "the input", weight: "the filter", y: "the output", dy: "the output's gradient", dx: "the input's gradient", dweight: "the weights' gradient",
});
export const MODES = /** @type {[string, string][]} */ ([
  ["zeros", "zeros"], ["circular", "circular"], ["reflect", "reflected"], ["replicate", "replicated"],
]);
export const LETTERS = ["d", "h", "w"];

/** @param {string} kind */
export const pools = kind => kind.endsWith("pool");

/** The names of settings of all axes: {stride_h: ..., stride_w: ...}. @param {string} name @param {number[]} values */
export const perAxis = (name, values) => Object.fromEntries(values.map((value, n) => [`${name}_${LETTERS[LETTERS.length - values.length + n]}`, value]));

/** Positions of an output along an axis. @param {Settings} s @param {number} axis */
function extent(s, axis) {
  const reach = s.dilation[axis] * (s.window[axis] - 1) + 1, padding = s.before[axis] + s.after[axis];
  if (s.kind === "conv_transpose") return (s.size[axis] - 1) * s.stride[axis] - padding + reach + s.rest[axis];
  return Math.floor((s.size[axis] + padding - reach) / s.stride[axis]) + 1;
}

/** Rows and columns of the output. @param {Settings} s @returns {number[]} */
export const outputSize = s => s.size.map((_, axis) => extent(s, axis));

/** Padding by a word: [before, after] of every axis. @param {string} word @param {Settings} s @returns {[number[], number[]]} */
export function paddingOf(word, s) {
  const reach = s.window.map((taps, axis) => s.dilation[axis] * (taps - 1) + 1);
  if (word === "full") return [reach.map(each => each - 1), reach.map(each => each - 1)];
  if (word !== "same") return [reach.map(() => 0), reach.map(() => 0)];
  const all = s.size.map((size, axis) => Math.max(0, (Math.ceil(size / s.stride[axis]) - 1) * s.stride[axis] + reach[axis] - size));
  return [all.map(each => Math.floor(each / 2)), all.map(each => Math.ceil(each / 2))];
}

/** The shape of the weights. @param {Settings} s @returns {number[]} */
export function weightShape(s) {
  const { window, groups, channels: C, filters: K } = s;
  if (s.kind === "conv_transpose") return [C, K / groups, ...window];
  if (s.kind === "tiled_conv") return [K, ...s.tile, C / groups, ...window];
  if (s.kind === "unshared_conv") return [K, ...outputSize(s), C / groups, ...window];
  return s.kind === "gaussian_pool" ? [...window] : [K, C / groups, ...window];
}

/** What cannot be; "" if all is well. @param {Settings} s */
export function problem(s) {
  const pool = pools(s.kind), out = outputSize(s);
  if (!pool && (s.channels % s.groups || s.filters % s.groups)) return `${s.groups} groups do not divide ${s.channels} channels and ${s.filters} filters`;
  if (out.some(each => each < 1)) return "the filter does not fit: make it smaller, or pad the input";
  if (count(out) > 4000) return "the output is too large to draw: use a larger stride";
  if (pool && s.before.some((each, axis) => each > s.window[axis] / 2)) return "padding of a pooling window is at most half of it";
  if (s.mode === "circular" && [...s.before, ...s.after].some((each, n) => each > s.size[n % s.axes])) return "circular padding is at most the input itself";
  if (s.mode === "reflect" && [...s.before, ...s.after].some((each, n) => each >= s.size[n % s.axes])) return "reflected padding is less than the input";
  return "";
}

/**
 * The call for these settings.
 * @param {import("./loops.js").Loops} loops @param {Settings} s @param {Tensor} image (channels, rows, columns) @param {Tensor} weight
 * @param {number} bias @returns {Call & {x: Tensor, padded: Tensor, y: Tensor}}
 */
export function callOf(loops, s, image, weight, bias) {
  const n = `${s.axes}d`, pool = pools(s.kind), out = outputSize(s), channels = pool ? s.channels : s.filters;
  let x = { shape: [1, s.channels, ...s.size], data: image.data }, before = s.before, after = s.after;
  const original = x;
  if (s.mode !== "zeros" && count(s.before) + count(s.after) + s.before.concat(s.after).reduce((a, b) => a + b, 0)) {
    const wider = tensor([1, s.channels, ...s.size.map((each, axis) => each + s.before[axis] + s.after[axis])]);
    const mode = MODES.findIndex(([name]) => name === s.mode);
    loops.call(`pad${n}_forward`, { y: wider, x, ...perAxis("pad", s.before), mode });
    [x, before, after] = [wider, s.before.map(() => 0), s.after.map(() => 0)];
  }
  const y = tensor([1, channels, ...out]), indices = { shape: y.shape, data: new Int32Array(count(y.shape)) };
  const settings = {
    ...perAxis("stride", s.stride), ...perAxis("pad", before), ...perAxis("dilation", s.dilation), ...perAxis("window", s.window),
    ...perAxis("pad_after", after), groups: s.groups, flip: Number(s.flip), count_padding: Number(s.counts),
  };
  const biases = { tiled_conv: [s.filters, ...s.tile], unshared_conv: [s.filters, ...out] }[s.kind] ?? [s.filters];
  const forward = { y, x, weight, bias: tensor(biases, () => bias), indices, ...settings };
  loops.call(`${s.kind}${n}_forward`, forward);
  if (s.pass === "forward") {
    return { loop: `${s.kind}${n}_forward`, output: "y", given: forward, reads: pool ? ["x"] : ["x", "weight"], x: original, padded: x, y };
  }
  const dy = tensor(y.shape, () => 1), back = { ...forward, dy };
  if (s.pass === "backward_weight" && !pool) {
    const given = { ...back, dweight: tensor(weight.shape) };
    loops.call(`${s.kind}${n}_backward_weight`, given);
    return { loop: `${s.kind}${n}_backward_weight`, output: "dweight", given, reads: ["dy", "x"], x: original, padded: x, y };
  }
  const loop = `${s.kind}${n}_backward${pool ? "" : "_input"}`, given = { ...back, dx: tensor(x.shape) };
  loops.call(loop, given);
  return { loop, output: "dx", given, reads: pool ? ["dy"] : ["dy", "weight"], x: original, padded: x, y };
}

/** Weights of a Gaussian window that sum to 1. @param {number[]} window @param {number} sigma @returns {Tensor} */
export function gaussian(window, sigma) {
  const of = (/** @type {number[]} */ place) => Math.exp(-place.reduce((sum, each, axis) => sum + (each - (window[axis] - 1) / 2) ** 2, 0) / (2 * sigma * sigma));
  const places = Array.from({ length: count(window) }, (_, n) => window.length > 1 ? [Math.floor(n / window[1]), n % window[1]] : [n]);
  const whole = places.reduce((sum, place) => sum + of(place), 0);
  return { shape: window, data: Float32Array.from(places, place => of(place) / whole) };
}
