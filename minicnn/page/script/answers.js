// @ts-check
/** What outputs say: a class of an image, or of each of its pixels, or where objects are; and how far that is right. */
import { boxesOf, foundOf, meanAveragePrecision, objectsOf } from "./boxes.js";
import { percent } from "./dom.js";
import { softmax } from "./network.js";

/**
 * An image that is answered badly: the worse, the larger `badness`; `mask` where each pixel has an answer, `found` and `truth` where boxes are.
 * @typedef {{image: number, badness: number, words: string, mask?: Uint8Array, found?: import("./boxes.js").Box[], truth?: import("./boxes.js").Box[]}} Mistake
 * @typedef {import("./network.js").NetworkAssets} NetworkAssets
 */

/** The class of every pixel; one map alone says yes where it is above 0. @param {ArrayLike<number>} scores (K, pixels) @param {number} places pixels */
export function maskOf(scores, places) {
  const maps = scores.length / places, mask = new Uint8Array(places);
  for (let n = 0; n < places; n++) {
    if (maps === 1) mask[n] = Number(scores[n] > 0);
    else for (let k = 1; k < maps; k++) if (scores[k * places + n] > scores[mask[n] * places + n]) mask[n] = k;
  }
  return mask;
}

/** Intersection over union, mean over the classes that a mask or its truth has. @param {Uint8Array} mask @param {ArrayLike<number>} truth @param {number} classes */
function overlap(mask, truth, classes) {
  const both = new Float64Array(classes), either = new Float64Array(classes);
  for (let n = 0; n < mask.length; n++) {
    either[mask[n]]++;
    if (mask[n] === truth[n]) both[truth[n]]++;
    else either[truth[n]]++;
  }
  const shares = [...both].map((each, k) => each / either[k]).filter(each => !Number.isNaN(each));
  return shares.reduce((sum, each) => sum + each, 0) / shares.length;
}

/**
 * How far the answers for test images are right: the share of right ones, the mean intersection over union of masks, or the mean average precision of boxes; and the worst.
 * @param {import("./loops.js").Loops} loops @param {NetworkAssets} network @param {Float32Array} scores of all images @param {Uint8Array | Float32Array} truth @param {number} tests @param {string[]} classes
 * @returns {{figure: number, wrong: Mistake[]}}
 */
export function judged(loops, network, scores, truth, tests, classes) {
  if (network.boxes) return judgedBoxes(loops, network, scores, truth, tests);
  const size = scores.length / tests, wrong = /** @type {Mistake[]} */ ([]);
  let sum = 0;
  for (let n = 0; n < tests; n++) {
    const own = scores.subarray(n * size, (n + 1) * size);
    if (network.target === "mask") {
      const mask = maskOf(own, network.places), share = overlap(mask, truth.subarray(n * network.places, (n + 1) * network.places), Math.max(2, classes.length));
      sum += share;
      wrong.push({ image: n, badness: 1 - share, words: `IoU ${percent(share)}`, mask });
      continue;
    }
    const shares = softmax(own), answer = shares.indexOf(Math.max(...shares));
    if (answer === truth[n]) sum++;
    else wrong.push({ image: n, badness: shares[answer], words: `${classes[truth[n]]} as ${classes[answer]}, ${percent(shares[answer])}` });
  }
  wrong.sort((a, b) => b.badness - a.badness);
  return { figure: sum / tests, wrong: wrong.slice(0, 40) };
}

/** @param {import("./loops.js").Loops} loops @param {NetworkAssets} network @param {Float32Array} scores @param {ArrayLike<number>} truth @param {number} tests */
function judgedBoxes(loops, network, scores, truth, tests) {
  const settings = /** @type {import("./boxes.js").BoxSettings} */ (network.boxes), shape = /** @type {[number, number[]]} */ (Object.values(network.walk.values).at(-1))[1], size = scores.length / tests;
  const all = Array.prototype.slice.call(truth), rows = all.length / tests, objects = Array.from({ length: tests }, (_, n) => objectsOf(all.slice(n * rows, (n + 1) * rows)));
  const found = objects.map((_, n) => boxesOf(loops, settings, { shape, data: scores.subarray(n * size, (n + 1) * size) }));
  const wrong = objects.map((each, image) => {
    const sure = found[image].filter(box => box[5] >= settings.sure), right = foundOf(sure, each), false_ = sure.length - right;
    return { image, badness: each.length - right + false_, words: `${right} of ${each.length} found, ${false_} false`, found: sure, truth: each };
  }).filter(each => each.badness);
  wrong.sort((a, b) => b.badness - a.badness);
  return { figure: meanAveragePrecision(found, objects), wrong: wrong.slice(0, 40) };
}

/** What a network takes. @param {NetworkAssets} network */
export const nounOf = network => ["points", "signals", "images"][network.input_shape.length - 1] ?? "images";

/** What the figure of `judged` is called. @param {NetworkAssets} network @param {number} figure */
export const figureWords = (network, figure) => network.target === "class" ? `${percent(figure)} of the test ${nounOf(network)} right` : `${FIGURES[network.target]} ${percent(figure)} on the test images`;
export const FIGURES = { mask: "mean IoU", boxes: "mean average precision" };
