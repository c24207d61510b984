// @ts-check
/** Curves over batches as an SVG drawing. */
import { h, num, s } from "./dom.js";
import { saveButton } from "./grid.js";

const WIDTH = 460, HEIGHT = 170, LEFT = 44, BOTTOM = 22, POINTS = 230;

/** @typedef {{name: string, values: number[], steps: number, kind: string}} Curve steps: batches that the values are of; kind: class of the line */

export class Curves {
  /** @param {string} title @param {number} [most] where the axis ends at most */
  constructor(title, most = Infinity) {
    this.title = title;
    this.most = most;
    this.svg = s("svg", { class: "curves", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title });
    this.words = h("span", {}, title);
    this.figure = h("figure", { class: "curved" }, this.svg, h("figcaption", {}, this.words, " ", saveButton(this.svg, title)));
  }

  /** What the curves are of, where that changes. @param {string} title */
  entitle(title) {
    this.words.textContent = title;
    this.svg.setAttribute("aria-label", title);
  }

  /** @param {Curve[]} curves */
  show(curves) {
    const longest = Math.max(2, ...curves.map(each => each.steps)), finite = curves.flatMap(each => each.values).filter(Number.isFinite);
    const high = Math.min(this.most, finite.reduce((most, each) => Math.max(most, each), 0) || 1), x = (/** @type {number} */ n) => LEFT + n / (longest - 1) * (WIDTH - LEFT - 8);
    const y = (/** @type {number} */ value) => 8 + (1 - Math.min(1, value / high)) * (HEIGHT - BOTTOM - 8), drawn = [];
    for (const share of [0, 0.5, 1]) {
      drawn.push(s("line", { x1: LEFT, x2: WIDTH - 8, y1: y(share * high), y2: y(share * high) }));
      drawn.push(s("text", { x: LEFT - 5, y: y(share * high), class: "tick left" }, num(share * high, 2)));
    }
    drawn.push(s("text", { x: LEFT, y: HEIGHT - 8, class: "tick" }, "0"), s("text", { x: WIDTH - 8, y: HEIGHT - 8, class: "tick right" }, `${longest} batches`));
    curves.forEach(({ name, values, steps, kind }, n) => {
      const each = Math.ceil(values.length / POINTS), points = [];
      for (let at = 0; at < values.length; at += each) {
        const part = values.slice(at, at + each), mean = part.reduce((a, b) => a + b, 0) / part.length;
        if (Number.isFinite(mean)) points.push(`${x((at + (part.length - 1) / 2) * steps / values.length).toFixed(1)},${y(mean).toFixed(1)}`);
      }
      drawn.push(s("polyline", { points: points.join(" "), class: `line ${kind}` }));
      drawn.push(s("text", { x: WIDTH - 12, y: this.most === 1 ? HEIGHT - BOTTOM - 10 - 15 * n : 18 + 15 * n, class: `tick right ${kind}` }, values.length ? `${name} ${num(values[values.length - 1], 3)}` : name));
    });
    this.svg.replaceChildren(...drawn);
  }
}
