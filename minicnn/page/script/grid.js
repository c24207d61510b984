// @ts-check
/** A plane of numbers as an SVG drawing: cells, marks around some of them, one that is chosen by pointer or arrow keys. */
import { h, num, s, save } from "./dom.js";
import { cell, paint, rangeOf } from "./colour.js";

/**
 * rows, columns : of the plane; before, after : rows and columns of padding drawn around it
 * @typedef {{rows: number, columns: number, values: ArrayLike<number>, before?: [number, number], after?: [number, number],
 *   range?: import("./colour.js").Range, numbers?: boolean}} Plane
 * @typedef {[number, number, string]} Mark row, column, class
 */

const SIDE = 300; // of a drawing, in pixels
const MOST_UNIT = 72; // side of a cell
const SMALL = 6; // of a cell that is but a pixel of a picture, without lines
const READABLE = 30; // of a cell that has its number written in it

export class Grid {
  /**
   * @param {string} name of the figure
   * @param {(row: number, column: number) => void} [chosen] called when a cell is chosen; without it nothing can be
   */
  constructor(name, chosen) {
    this.chosen = chosen;
    this.row = 0;
    this.column = 0;
    this.plane = /** @type {Plane} */ ({ rows: 1, columns: 1, values: [0] });
    this.cells = s("g");
    this.marks = s("g", { class: "marks" });
    this.svg = s("svg", {
      class: "grid", role: chosen ? "application" : "img", tabindex: chosen ? 0 : null, "aria-label": name, preserveAspectRatio: "xMinYMin meet",
    }, this.cells, this.marks);
    this.words = h("span");
    this.caption = h("figcaption", {}, this.words, " ", saveButton(this.svg, name.replace(/:.*/, "")));
    this.figure = h("figure", {}, this.svg, this.caption);
    if (!chosen) return;
    this.svg.addEventListener("keydown", event => this.key(/** @type {KeyboardEvent} */ (event)));
    for (const kind of ["pointerdown", "pointermove"]) this.svg.addEventListener(kind, event => this.point(/** @type {PointerEvent} */ (event)));
  }

  get unit() { return Math.min(MOST_UNIT, Math.max(4, Math.floor(SIDE / Math.max(this.width, this.height)))); }
  get before() { return this.plane.before ?? [0, 0]; }
  get after() { return this.plane.after ?? [0, 0]; }
  get height() { return this.plane.rows + this.before[0] + this.after[0]; }
  get width() { return this.plane.columns + this.before[1] + this.after[1]; }

  /** @param {Plane} plane @param {string} caption */
  show(plane, caption) {
    this.plane = plane;
    this.row = Math.min(this.row, plane.rows - 1);
    this.column = Math.min(this.column, plane.columns - 1);
    const unit = this.unit, [top, left] = this.before, range = plane.range ?? rangeOf(plane.values);
    this.svg.setAttribute("viewBox", `-1 -1 ${this.width * unit + 2} ${this.height * unit + 2}`);
    this.svg.setAttribute("width", String(this.width * unit + 2));
    const drawn = [s("rect", { x: 0, y: 0, width: this.width * unit, height: this.height * unit, class: "padding" })];
    drawn.push(s("rect", { x: left * unit, y: top * unit, width: plane.columns * unit, height: plane.rows * unit, class: "ground" }));
    const small = unit < SMALL;
    if (small) drawn.push(this.picture(plane, range));
    for (let n = 0; !small && n < plane.rows * plane.columns; n++) {
      const x = (n % plane.columns + left) * unit, y = (Math.floor(n / plane.columns) + top) * unit;
      drawn.push(cell(plane.values[n], range, { x, y, width: unit, height: unit }));
      if (unit >= READABLE && plane.numbers !== false) {
        const written = num(plane.values[n], 2);
        drawn.push(s("text", { x: x + unit / 2, y: y + unit / 2, class: "number", "font-size": Math.min(13, 1.5 * unit / written.length) }, written));
      }
    }
    for (let row = 0; !small && row <= this.height; row++) drawn.push(s("line", { x1: 0, x2: this.width * unit, y1: row * unit, y2: row * unit }));
    for (let column = 0; !small && column <= this.width; column++) drawn.push(s("line", { x1: column * unit, x2: column * unit, y1: 0, y2: this.height * unit }));
    this.cells.replaceChildren(...drawn);
    this.words.textContent = caption;
    this.mark([]);
  }

  /** All cells as one picture. @param {Plane} plane @param {import("./colour.js").Range} range */
  picture(plane, range) {
    const canvas = h("canvas"), [top, left] = this.before;
    paint(canvas, plane.values, plane.rows, plane.columns, range);
    return s("image", { x: left * this.unit, y: top * this.unit, width: plane.columns * this.unit, height: plane.rows * this.unit, href: canvas.toDataURL(), preserveAspectRatio: "none", class: "pixels" });
  }

  /** Frames around cells; the chosen one has its own. @param {Mark[]} marks */
  mark(marks) {
    const unit = this.unit, [top, left] = this.before;
    const frame = (/** @type {number} */ row, /** @type {number} */ column, /** @type {string} */ kind) =>
      s("rect", { x: (column + left) * unit + 1, y: (row + top) * unit + 1, width: unit - 2, height: unit - 2, class: kind });
    this.marks.replaceChildren(...marks.map(([row, column, kind]) => frame(row, column, kind)));
    if (this.chosen) this.marks.append(frame(this.row, this.column, "chosen"));
  }

  /** @param {number} row @param {number} column */
  choose(row, column) {
    if (!this.chosen) return;
    this.row = Math.max(0, Math.min(this.plane.rows - 1, row));
    this.column = Math.max(0, Math.min(this.plane.columns - 1, column));
    this.chosen(this.row, this.column);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const far = 1e6, move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [-far, -far], End: [far, far] }[event.key];
    if (!move) return;
    event.preventDefault();
    this.choose(this.row + move[0], this.column + move[1]);
  }

  /** @param {PointerEvent} event */
  point(event) {
    if (event.type === "pointermove" && event.pointerType !== "mouse" && !event.buttons) return;
    const box = this.svg.getBoundingClientRect(), scale = this.width / box.width;
    const row = Math.floor((event.clientY - box.top) * scale) - this.before[0], column = Math.floor((event.clientX - box.left) * scale) - this.before[1];
    if (row < 0 || column < 0 || row >= this.plane.rows || column >= this.plane.columns) return;
    if (event.type === "pointermove" && row === this.row && column === this.column) return;
    this.choose(row, column);
  }
}

/** A drawing as a file of its own, with the colours that it has now. @param {SVGElement} svg @param {string} name */
export function exportDrawing(svg, name) {
  const copy = /** @type {SVGElement} */ (svg.cloneNode(true)), originals = svg.querySelectorAll("*"), copies = copy.querySelectorAll("*");
  const properties = ["fill", "fill-opacity", "stroke", "stroke-width", "font-family", "font-size", "text-anchor", "dominant-baseline", "stroke-dasharray", "paint-order", "image-rendering"];
  originals.forEach((each, n) => {
    const style = getComputedStyle(each);
    for (const property of properties) copies[n].setAttribute(property, style.getPropertyValue(property));
    copies[n].removeAttribute("class");
  });
  const [x, y] = (svg.getAttribute("viewBox") ?? "0 0").split(" ");
  copy.prepend(s("rect", { x, y, width: "100%", height: "100%", fill: getComputedStyle(document.body).backgroundColor }));
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  for (const word of ["class", "role", "tabindex"]) copy.removeAttribute(word);
  save(name, new XMLSerializer().serializeToString(copy), "image/svg+xml");
}

/** Canvases that lie in an element, as one drawing. @param {HTMLElement} element @param {string} name of the file */
function exportPictures(element, name) {
  const box = element.getBoundingClientRect(), shown = element instanceof HTMLCanvasElement ? [element] : [...element.querySelectorAll("canvas")].filter(each => each.checkVisibility());
  const drawing = s("svg", { viewBox: `0 0 ${box.width} ${box.height}`, width: box.width, xmlns: "http://www.w3.org/2000/svg" }, ...shown.map(each => {
    const { left, top, width, height } = each.getBoundingClientRect();
    return s("image", { x: left - box.left, y: top - box.top, width, height, href: each.toDataURL(), "image-rendering": "pixelated" });
  }));
  save(name, new XMLSerializer().serializeToString(drawing), "image/svg+xml");
}

/** A button that saves pictures. @param {HTMLElement} element @param {string} name */
export const savePictures = (element, name) =>
  h("button", { type: "button", class: "small", "aria-label": `save ${name} as SVG`, onclick: () => exportPictures(element, `${name.replaceAll(" ", "-")}.svg`) }, "SVG");

/** A button that saves a drawing. @param {SVGElement} svg @param {string} name */
export const saveButton = (svg, name) =>
  h("button", { type: "button", class: "small", "aria-label": `save ${name} as SVG`, onclick: () => exportDrawing(svg, `${name.replace(/^(the|a) /, "").replaceAll(" ", "-")}.svg`) }, "SVG");
