// @ts-check
/** Pictures: embedded data sets, their size brought to a network's, drawings framed as the digits were. */
import { unpacked } from "./memory.js";

/** As `data_assets` in minicnn/page/assets.py makes it; `own`: the user's. @typedef {{name: string, shape: number[], classes: string[], low: number, step: number, whole: boolean,
 *   train: {count: number, images: string, labels: string}, test: {count: number, images: string, labels: string}}} DataAssets
 * Images as bytes in a network's size.
 * @typedef {{count: number, images: Uint8Array, labels: Uint8Array | Float32Array}} Part; labels: classes, or five numbers for each box
 * @typedef {{name: string, classes: string[], shape: number[], train: Part, test: Part}} Data
 */

/** The nearest integer, halves to the even one. @param {number} x */
export const nearest = x => { const low = Math.floor(x), rest = x - low; return rest > 0.5 || rest === 0.5 && low % 2 !== 0 ? low + 1 : low; };

/** Two input positions of each output position, and the share of the second. @param {number} size @param {number} out @returns {[number, number, number][]} */
function interpolation(size, out) {
  return Array.from({ length: out }, (_, p) => {
    const centre = Math.max(0, Math.min(size - 1, (p + 0.5) * size / out - 0.5)), first = Math.min(Math.floor(centre), Math.max(0, size - 2));
    return [first, Math.min(first + 1, size - 1), centre - first];
  });
}

/** One plane, scaled as `minicnn.datasets.scale_to` does. @param {ArrayLike<number>} x @param {number} H @param {number} W @param {number} P @param {number} Q @returns {Float32Array} */
export function scaled(x, H, W, P, Q) {
  const rows = interpolation(H, P), columns = interpolation(W, Q), y = new Float32Array(P * Q), f = Math.fround;
  for (let p = 0; p < P; p++) {
    for (let q = 0; q < Q; q++) {
      const [h, g, a] = rows[p], [w, v, b] = columns[q];
      const across = (/** @type {number} */ row) => f(f(f(1 - b) * x[row * W + w]) + f(f(b) * x[row * W + v]));
      y[p * Q + q] = f(f(f(1 - a) * across(h)) + f(f(a) * across(g)));
    }
  }
  return y;
}

/** @param {DataAssets} assets @param {number[]} shape of the network's input @param {boolean} boxes whether labels are boxes @returns {Promise<Data>} */
export async function dataOf(assets, shape, boxes) {
  const [C, H, W] = [assets.shape[0], ...assets.shape.slice(-2)], [P, Q] = shape.slice(-2), same = assets.shape.length < 3 || H === P && W === Q;
  const part = async (/** @type {DataAssets["train"]} */ { count, images, labels }) => {
    const stored = await unpacked(images);
    const bytes = await unpacked(labels), own = boxes ? new Float32Array(bytes.buffer) : bytes;
    if (same) return { count, images: stored, labels: own };
    const all = new Uint8Array(count * C * P * Q);
    for (let n = 0; n < count * C; n++) all.set(scaled(stored.subarray(n * H * W, (n + 1) * H * W), H, W, P, Q).map(nearest), n * P * Q);
    return { count, images: all, labels: own };
  };
  return { name: assets.name, classes: assets.classes, shape, train: await part(assets.train), test: await part(assets.test) };
}

/** An image of a part as the network takes it. @param {Part} part @param {number} n @param {import("./network.js").NetworkAssets} network */
export function input(part, n, network) {
  const size = network.input_shape.reduce((a, b) => a * b, 1);
  return prepared(part.images.subarray(n * size, (n + 1) * size), network);
}

/** Bytes, scaled and shifted as in training. @param {ArrayLike<number>} bytes @param {import("./network.js").NetworkAssets} network */
export function prepared(bytes, network) {
  const { scale, shift } = network.preparation, plane = bytes.length / network.input_shape[0];
  return Float32Array.from(bytes, (value, n) => Math.fround(value * Math.fround(scale[Math.floor(n / plane)]) + Math.fround(shift[Math.floor(n / plane)])));
}

/**
 * A drawing of light on dark, framed as the training images are: its ink fills the share of the picture that theirs does, in the middle.
 * @param {Float32Array} ink rows x columns, 0 to 1 @param {number} H @param {number} W @param {number} share @returns {Float32Array}
 */
export function framed(ink, H, W, share) {
  let [top, bottom, left, right] = [H, -1, W, -1];
  ink.forEach((value, n) => {
    if (value <= 0.15) return;
    [top, bottom] = [Math.min(top, Math.floor(n / W)), Math.max(bottom, Math.floor(n / W))];
    [left, right] = [Math.min(left, n % W), Math.max(right, n % W)];
  });
  if (bottom < 0) return ink.slice();
  const side = Math.max(bottom - top + 1, right - left + 1), factor = side / (share * H), middle = [(top + bottom + 1) / 2, (left + right + 1) / 2], fine = 4;
  return Float32Array.from(ink, (_, n) => {
    let sum = 0;
    for (let i = 0; i < fine * fine; i++) {
      const row = (Math.floor(n / W) + (Math.floor(i / fine) + 0.5) / fine - H / 2) * factor + middle[0];
      const column = (n % W + (i % fine + 0.5) / fine - W / 2) * factor + middle[1], h = Math.floor(row), w = Math.floor(column);
      if (h >= 0 && w >= 0 && h < H && w < W) sum += ink[h * W + w];
    }
    return sum / (fine * fine);
  });
}
