// @ts-check
/** Boxes: what the outputs of a grid say, how far they are right, and boxes drawn over a picture. */
import { h, percent } from "./dom.js";
import { CLASSES, paint, themed } from "./colour.js";

/**
 * A box: x, y (left upper corner), width, height in pixels, class, and the score where it was found.
 * @typedef {number[]} Box
 * As `box_settings` in minicnn/page/assets.py: boxes of a cell, the size of a picture, from which score on a prediction counts as one, the overlap up to which
 * two are two objects, and the score from which on it is drawn.
 * @typedef {{boxes: number, height: number, width: number, score: number, iou: number, sure: number}} BoxSettings
 */

const LETTER = 18; // height of a caption
const FRAME = 288; // pixels of the longer side of a picture with boxes, at least

/** The boxes that the outputs for an image say, the highest score first, as `losses.YOLO.prediction` does. @param {import("./loops.js").Loops} loops @param {BoxSettings} settings @param {import("./loops.js").Tensor} y (D, P, Q) @returns {Box[]} */
export function boxesOf(loops, { boxes, height, width, score, iou }, { shape, data }) {
  const all = shape[1] * shape[2] * boxes, found = { shape: [1, all, 6], data: new Float32Array(6 * all) };
  loops.call("decode_boxes_forward", { found, y: { shape: [1, ...shape], data }, boxes, height, width });
  const likely = rows(found.data, 6).filter(each => each[5] >= score).sort((a, b) => b[5] - a[5]), kept = { shape: [1, likely.length], data: new Int32Array(likely.length) };
  if (likely.length) loops.call("non_maximum_suppression_forward", { kept, found: { shape: [1, likely.length, 6], data: Float32Array.from(likely.flat()) }, iou });
  return likely.filter((_, n) => kept.data[n]);
}

/** The objects of an image, without rows that hold none. @param {ArrayLike<number>} labels five numbers each @returns {Box[]} */
export const objectsOf = labels => rows(labels, 5).filter(each => each[4] >= 0);

/** @param {ArrayLike<number>} data @param {number} width */
const rows = (data, width) => Array.from({ length: data.length / width }, (_, n) => Array.from({ length: width }, (_, i) => data[n * width + i]));

/** Intersection over union. @param {Box} a @param {Box} b */
function overlap(a, b) {
  const side = (/** @type {number} */ axis) => Math.max(0, Math.min(a[axis] + a[axis + 2], b[axis] + b[axis + 2]) - Math.max(a[axis], b[axis]));
  const shared = side(0) * side(1), union = a[2] * a[3] + b[2] * b[3] - shared;
  return union > 0 ? shared / union : 0;
}

/** Which boxes of one image and class, the highest score first, find an object that none before them found. @param {Box[]} found @param {Box[]} truth @param {number} iou */
function hits(found, truth, iou) {
  const taken = new Set();
  return found.map(box => {
    const shares = truth.map(each => overlap(box, each)), best = shares.indexOf(Math.max(...shares)), hit = best >= 0 && shares[best] >= iou && !taken.has(best);
    if (hit) taken.add(best);
    return hit;
  });
}

/** As `minicnn.metrics.mean_average_precision`. @param {Box[][]} found of each image, the highest score first @param {Box[][]} truth @param {number} [iou] */
export function meanAveragePrecision(found, truth, iou = 0.5) {
  const areas = [];
  for (const k of [...new Set(truth.flat().map(each => each[4]))].sort((a, b) => a - b)) {
    const own = (/** @type {Box[]} */ boxes) => boxes.filter(each => each[4] === k), objects = truth.reduce((sum, each) => sum + own(each).length, 0);
    const told = found.flatMap((each, n) => { const boxes = own(each), right = hits(boxes, own(truth[n]), iou); return boxes.map((box, i) => ({ score: box[5], right: right[i] })); });
    told.sort((a, b) => b.score - a.score);
    let hit = 0, most = 0, area = 0;
    const precision = told.map(({ right }, n) => (hit += Number(right)) / (n + 1));
    for (let n = told.length - 1; n >= 0; n--) { // precision counts as the largest at any higher recall
      most = Math.max(most, precision[n]);
      if (told[n].right) area += most;
    }
    areas.push(area / objects);
  }
  return areas.length ? areas.reduce((a, b) => a + b, 0) / areas.length : 0;
}

/** How many of an image's objects are found. @param {Box[]} found @param {Box[]} truth */
export function foundOf(found, truth) {
  let sum = 0;
  for (const k of new Set(truth.map(each => each[4]))) sum += hits(found.filter(each => each[4] === k), truth.filter(each => each[4] === k), 0.5).filter(Boolean).length;
  return sum;
}

/**
 * A picture with boxes: what was found with class and score, and where objects are, if that is known, as broken lines.
 * @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} pixels @param {Box[]} found @param {Box[]} truth @param {string[]} classes @param {number} H @param {number} W @param {import("./colour.js").Range} [range]
 */
export function paintBoxes(canvas, pixels, found, truth, classes, H, W, range) {
  const small = h("canvas"), unit = Math.max(1, Math.round(FRAME / Math.max(H, W))), context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  paint(small, pixels, H, W, range);
  [canvas.width, canvas.height] = [unit * W, unit * H];
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, unit * W, unit * H);
  context.font = `bold ${LETTER - 2}px sans-serif`;
  const colour = (/** @type {string} */ name) => `rgb(${themed(name).join(" ")})`;
  context.setLineDash([4, 3]);
  context.strokeStyle = colour("--dim");
  for (const [x, y, w, height] of truth) context.strokeRect(unit * x, unit * y, unit * w, unit * height);
  context.setLineDash([]);
  context.lineWidth = 2;
  for (const [x, y, w, height, k, score] of [...found].reverse()) {
    const words = `${classes[k]} ${percent(score, 0)}`, side = context.measureText(words).width + 4, left = Math.max(0, Math.min(unit * x, canvas.width - side)), top = Math.max(0, unit * y - LETTER);
    context.strokeStyle = context.fillStyle = colour(CLASSES[k % CLASSES.length]);
    context.strokeRect(unit * x, unit * y, unit * w, unit * height);
    context.fillRect(left, top, side, LETTER);
    context.fillStyle = colour("--field");
    context.fillText(words, left + 2, top + LETTER - 3);
  }
}
