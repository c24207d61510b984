// @ts-check
/** Numbers as colours that follow the theme: from the ground to ink, or about zero from one colour to another. */
import { s } from "./dom.js";

/** @typedef {{low: number, high: number, signed: boolean}} Range */

/** The range of the numbers that are finite. @param {ArrayLike<number>} values @returns {Range} */
export function rangeOf(values) {
  let low = Infinity, high = -Infinity;
  for (let n = 0; n < values.length; n++) {
    if (!Number.isFinite(values[n])) continue;
    low = Math.min(low, values[n]);
    high = Math.max(high, values[n]);
  }
  if (low > high) low = high = 0;
  return { low, high, signed: low < 0 };
}

/** [class of the colour, how much of it] @param {number} value @param {Range} range @returns {[string, number]} */
export function shade(value, { low, high, signed }) {
  if (!Number.isFinite(value)) return ["broken", 1];
  if (signed) {
    const most = Math.max(-low, high) || 1;
    return [value < 0 ? "below" : "above", Math.min(1, Math.abs(value) / most)];
  }
  return ["ink", high > low ? (value - low) / (high - low) : value ? 1 : 0];
}

const COLOURS = { ink: "--ink", above: "--above", below: "--below", broken: "--bad" };

/** A colour of the theme as [red, green, blue]. @param {string} name */
export function themed(name) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return [1, 3, 5].map(at => parseInt(text.slice(at, at + 2), 16));
}

/**
 * Draw numbers as pixels of a canvas.
 * @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} values @param {number} rows @param {number} columns @param {Range} [range]
 */
export function paint(canvas, values, rows, columns, range = rangeOf(values)) {
  canvas.width = columns;
  canvas.height = rows;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")), picture = context.createImageData(columns, rows);
  const ground = themed("--field"), colours = Object.fromEntries(Object.entries(COLOURS).map(([name, variable]) => [name, themed(variable)]));
  for (let n = 0; n < rows * columns; n++) {
    const [kind, share] = shade(values[n], range);
    for (let part = 0; part < 3; part++) picture.data[4 * n + part] = ground[part] + share * (colours[kind][part] - ground[part]);
    picture.data[4 * n + 3] = 255;
  }
  context.putImageData(picture, 0, 0);
}

/** An image as pixels, a signal as a curve. @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} values @param {number} rows @param {number} columns @param {Range} [range] */
export function paintInput(canvas, values, rows, columns, range = rangeOf(values)) {
  if (rows > 1) return paint(canvas, values, rows, columns, range);
  [canvas.width, canvas.height] = [160, 160];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")), span = range.high - range.low || 1;
  context.strokeStyle = `rgb(${themed("--ink").join(" ")})`;
  context.lineWidth = 3;
  for (let n = 0; n < columns; n++) context.lineTo((n + 0.5) / columns * 160, 152 - (values[n] - range.low) / span * 144);
  context.stroke();
}

/** A cell of a drawing. @param {number} value @param {Range} range @param {Record<string, number>} place */
export function cell(value, range, place) {
  const [kind, share] = shade(value, range);
  return s("rect", { ...place, class: kind, "fill-opacity": share.toFixed(3) });
}

export const CLASSES = ["--below", "--above", "--ok", "--bad"]; // of pixels, from class 1 on

/**
 * Draw numbers as pixels with the class of each over them; class 0 is left as it is.
 * @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} values @param {ArrayLike<number>} mask @param {number} rows @param {number} columns
 */
export function paintMask(canvas, values, mask, rows, columns) {
  paint(canvas, values, rows, columns);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")), picture = context.getImageData(0, 0, columns, rows), colours = CLASSES.map(themed);
  for (let n = 0; n < rows * columns; n++) {
    if (!mask[n]) continue;
    const colour = colours[(mask[n] - 1) % colours.length];
    for (let part = 0; part < 3; part++) picture.data[4 * n + part] = (picture.data[4 * n + part] + colour[part]) / 2;
  }
  context.putImageData(picture, 0, 0);
}
