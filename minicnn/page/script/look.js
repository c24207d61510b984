// @ts-check
/** The third room: draw a digit or take a picture, and look at the maps of every layer, each number of them with its products. */
import { choice, h, num, percent, picker, placeIn, say } from "./dom.js";
import { maskOf } from "./answers.js";
import { boxesOf, objectsOf, paintBoxes } from "./boxes.js";
import { paint, paintInput, paintMask, rangeOf } from "./colour.js";
import { Explanation } from "./explain.js";
import { Grid, savePictures } from "./grid.js";
import { framed, input, prepared } from "./images.js";
import { count } from "./loops.js";
import { softmax } from "./network.js";
import * as state from "./state.js";

const MOST_MAPS = 64; // of a layer
const LIKED = 9; // pictures that excite a unit most
const AT_ONCE = 20; // pictures that are looked at before the page may do something else

/** Rows and columns to show a vector in, as square as can be. @param {number} size */
function folded(size) {
  let rows = size > 16 ? Math.floor(Math.sqrt(size)) : 1;
  while (size % rows) rows--;
  return [rows, size / rows];
}

export class LookRoom {
  H = 0; // rows and columns of an image
  W = 0;
  stale = true;
  target = h("select");

  /** @param {import("./loops.js").Loops} loops @param {import("./network.js").Network} network @param {import("./main.js").Task} task */
  constructor(loops, network, task) {
    this.network = network;
    this.task = task;
    const shape = network.assets.input_shape;
    [this.H, this.W] = shape.length > 2 ? shape.slice(-2) : [1, shape[shape.length - 1]];
    this.ink = new Float32Array(this.H * this.W);
    this.drawn = false;
    this.truth = /** @type {import("./boxes.js").Box[]} */ ([]); // objects of a test image
    this.liked = -1; // the number of a vector whose likes are shown
    this.sample = 0;
    this.layer = "";
    this.map = 0;
    this.pen = new Grid("drawing: arrow keys move, space paints, backspace clears", () => this.pen.mark([]));
    this.pen.svg.addEventListener("keydown", event => this.key(/** @type {KeyboardEvent} */ (event)));
    for (const kind of ["pointerdown", "pointermove"]) this.pen.svg.addEventListener(kind, event => { if (/** @type {PointerEvent} */ (event).buttons) this.dab(this.pen.row, this.pen.column); });
    this.answers = h("div", { class: "bars" });
    this.verdict = h("p", { class: "verdict", role: "status" });
    this.layers = h("div", { class: "layers" });
    this.seen = h("canvas", { role: "img", "aria-label": "what the network sees" });
    this.gradient = h("canvas", { role: "img", "aria-label": "saliency: the gradient of the answer with respect to each pixel" });
    this.unit = new Grid("a map: arrow keys choose a number", () => { this.explain(); this.remember(); });
    this.explanation = new Explanation(loops, () => {});
    this.likes = h("div", { class: "maps" });
    this.likesNote = h("p", { class: "dim" });
    this.forgetLikes();
    this.untrained = h("p", { class: "problem" }, "This network has learned nothing yet: its answers are chance. Press train in the room Train, and come back.");
    this.target = choice(network.assets.classes.map((name, k) => [String(k), name]), () => this.look());
    this.target.setAttribute("aria-label", "class whose saliency is shown");
    this.file = h("input", { type: "file", accept: "image/*", onchange: () => this.takeFile(this.file.files?.[0]) });
    this.element = h("div", { class: "room" },
      h("div", { class: "controls" }, this.pen.figure, h("div", { class: "buttons" }, h("button", { type: "button", onclick: () => this.clear() }, "clear"),
        h("button", { type: "button", onclick: () => { this.takeSample(); this.remember(); } }, "a test image"), picker("a picture", this.file)), this.verdict, this.answers,
      h("div", { class: network.assets.boxes ? "figures scenes" : "figures" }, h("figure", {}, this.seen, h("figcaption", {}, network.assets.boxes ? "what it sees; broken lines: what is there" : "what it sees", " ", savePictures(this.seen, "what it sees"))), h("figure", {}, this.gradient, h("figcaption", {}, "saliency of ", this.target, " ", savePictures(this.gradient, "saliency"))))),
      h("div", { class: "stage" }, this.untrained, h("p", { class: "hint" }, "Draw, and press a map: it is shown large below. Point at one of its numbers, or move by arrow keys there, to see what it is made of."), this.layers, h("div", { class: "figures" }, this.unit.figure,
        h("div", { class: "likes" }, h("h2", {}, "what it likes"), h("button", { type: "button", onclick: () => this.showLikes() }, "look at the test images"), this.likesNote, this.likes)), this.explanation.element));
  }

  /** Parameters have changed. @param {Float32Array} parameters @param {boolean} trained whether they are more than chance */
  adopt(parameters, trained) {
    this.untrained.hidden = trained;
    this.network.adopt(parameters);
    this.stale = true;
    if (this.element.offsetParent) this.enter();
  }

  enter() {
    if (!this.layer) {
      this.layer = this.network.assets.nodes[0].name;
      this.takeSample(0);
      this.choose(this.layer, 0);
    }
    else if (this.stale) this.look();
    this.remember();
  }

  /** The drawing or picture as the network takes it. */
  image() {
    const { assets } = this.network, ink = this.drawn ? framed(this.ink, this.H, this.W, this.task.share) : this.ink, channels = assets.input_shape[0], plane = this.H * this.W;
    return { bytes: Float32Array.from({ length: channels * plane }, (_, n) => Math.round(255 * ink[n % plane])), ink };
  }

  /** Everything anew for this picture. */
  look() {
    this.stale = false;
    const { network } = this, { assets } = network, { bytes, ink } = this.image(), scores = network.forward(prepared(bytes, assets)), range = { low: 0, high: 1, signed: false };
    const mask = assets.target === "mask" ? maskOf(scores.data, assets.places) : null, boxes = assets.boxes && boxesOf(network.loops, assets.boxes, scores);
    const shares = boxes ? assets.classes.map((_, k) => boxes.find(each => each[4] === k)?.[5] ?? 0) : mask ? assets.classes.map((_, k) => mask.filter(each => each === k).length / mask.length) : softmax(scores.data);
    const best = shares.indexOf(Math.max(...shares)), sure = boxes?.filter(each => each[5] >= (assets.boxes?.sure ?? 0)) ?? [];
    if (boxes) paintBoxes(this.seen, ink, sure, this.truth, assets.classes, this.H, this.W, range);
    else if (mask) paintMask(this.seen, ink, mask, this.H, this.W);
    else paintInput(this.seen, ink, this.H, this.W, range);
    this.pen.show({ rows: this.H, columns: this.W, values: this.ink, range: { low: 0, high: 1, signed: false }, numbers: false }, "draw here");
    this.showAnswers(shares);
    this.verdict.textContent = this.ink.some(each => each > 0) ? boxes ? `${sure.length || "no"} ${sure.length === 1 ? "box" : "boxes"}${sure.length ? `: ${sure.map(each => assets.classes[each[4]]).join(" ")}` : ""}` : `${assets.classes[best]}, ${percent(shares[best])} ${mask ? "of the pixels" : "sure"}` : "nothing drawn";
    if (document.activeElement !== this.target) this.target.value = String(best);
    const slope = network.saliency(Number(this.target.value));
    paint(this.gradient, slope.subarray(0, this.H * this.W), this.H, this.W);
    this.showLayers();
    this.showUnit();
  }

  /** @param {number[]} shares */
  showAnswers(shares) {
    const order = shares.length > 12 ? shares.map((_, k) => k).sort((a, b) => shares[b] - shares[a]).slice(0, 12) : shares.map((_, k) => k);
    this.answers.style.setProperty("--names", `${Math.min(14, Math.max(3, ...order.map(k => this.network.assets.classes[k].length + 1)))}ch`);
    this.answers.replaceChildren(...order.map(k => {
      const bar = h("i");
      bar.style.width = `${(100 * shares[k]).toFixed(1)}%`;
      return h("div", {}, h("span", {}, this.network.assets.classes[k]), h("span", { class: "bar" }, bar), h("span", { class: "mono" }, percent(shares[k])));
    }));
  }

  showLayers() {
    const { assets } = this.network, rows = [];
    for (const { name, type } of assets.nodes) {
      const { shape, data } = this.network.value(name), spatial = shape.length > 1, maps = Math.min(spatial ? shape[0] : 1, MOST_MAPS);
      const [P, Q] = shape.length > 2 ? shape.slice(-2) : shape.length > 1 ? [1, shape[1]] : [1, shape[0]], size = spatial ? count(shape) / shape[0] : shape[0], range = rangeOf(data);
      this.layer ||= name;
      const pictures = Array.from({ length: maps }, (_, k) => {
        const canvas = h("canvas");
        paint(canvas, data.subarray(k * size, k * size + P * Q), P, Q, range);
        return h("button", { type: "button", class: "map", "aria-label": `${name}, map ${k}`, "aria-pressed": String(name === this.layer && k === this.map), onclick: () => this.choose(name, k) }, canvas);
      });
      const more = spatial && shape[0] > maps ? `, first ${maps}` : "";
      rows.push(h("section", { class: spatial ? "" : "flat" }, h("h2", {}, h("span", { class: "mono" }, name), ` ${type}, ${shape.join(" x ")}${more}`), h("div", { class: "maps" }, ...pictures)));
    }
    const top = this.layers.scrollTop;
    this.layers.replaceChildren(...rows);
    this.layers.scrollTop = top;
  }

  /** @param {string} layer @param {number} map */
  choose(layer, map) {
    [this.layer, this.map] = [layer, map];
    this.atCentre();
    for (const each of this.layers.querySelectorAll(".map")) each.setAttribute("aria-pressed", String(each.getAttribute("aria-label") === `${layer}, map ${map}`));
    this.forgetLikes();
    this.showUnit();
    say(`${layer}, map ${map}`);
    this.remember();
  }

  forgetLikes() {
    this.likes.replaceChildren();
    const flat = this.layer && this.network.value(this.layer).shape.length < 2;
    this.likesNote.textContent = flat ? "The test images that make the chosen number largest." : "The parts of the test images that make a number of the map largest.";
  }

  /** Look at the middle of a map: at its edge there is much padding. */
  atCentre() {
    const { shape } = this.network.value(this.layer);
    [this.unit.row, this.unit.column] = shape.length > 1 ? [shape.length > 2 ? shape.slice(-2)[0] : 0, shape[shape.length - 1]].map(each => Math.floor(each / 2)) : [0, 0];
  }

  showUnit() {
    const { shape, data } = this.network.value(this.layer), spatial = shape.length > 1, size = spatial ? count(shape) / shape[0] : shape[0];
    this.map = Math.min(this.map, spatial ? shape[0] - 1 : 0);
    const [P, Q] = shape.length > 2 ? shape.slice(-2) : spatial ? [1, shape[1]] : folded(size), values = data.subarray(this.map * size, this.map * size + P * Q), range = rangeOf(values);
    this.unit.show({ rows: P, columns: Q, values, range, numbers: P * Q <= 100 }, `${this.layer}${spatial ? `, map ${this.map}` : ""}: from ${num(range.low)} to ${num(range.high)}`);
    this.explain();
  }

  /** Which number of a layer without maps is chosen. */
  get flatly() { return this.unit.row * this.unit.plane.columns + this.unit.column; }

  explain() {
    const call = this.network.callOf(this.layer), { row, column } = this.unit;
    this.unit.mark([]);
    if (this.network.value(this.layer).shape.length < 2 && this.liked !== this.flatly) this.forgetLikes();
    this.explanation.element.hidden = !call;
    if (!call) return;
    const array = /** @type {import("./loops.js").Tensor} */ (call.given[call.output]), { shape } = this.network.value(this.layer), n = shape.length > 1 ? (this.map * (shape.length > 2 ? shape[1] : 1) + row) * shape[shape.length - 1] + column : this.flatly;
    const axes = this.explanation.loops.of(call.loop).arguments.find(([name]) => name === call.output)?.[2] ?? 0, place = [];
    let rest = n;
    for (let axis = array.shape.length - 1; axis >= 0; axis--) {
      place.unshift(rest % array.shape[axis]);
      rest = Math.floor(rest / array.shape[axis]);
    }
    this.explanation.ask({ loop: call.loop, output: call.output, place: axes ? place : [n], given: call.given, written: array.data[n] });
  }

  /** The parts of test images that excite the chosen map most. */
  async showLikes() {
    const { network, layer, map, flatly } = this, data = this.task.data, { assets } = network;
    if (!data) return;
    const found = /** @type {{image: number, value: number, at: number}[]} */ ([]), node = assets.nodes.find(({ name }) => name === layer);
    for (let n = 0; n < data.test.count; n++) {
      network.forward(input(data.test, n, assets));
      const { shape, data: all } = network.value(layer), spatial = shape.length > 1, size = spatial ? count(shape) / shape[0] : 1, first = spatial ? map * size : flatly, part = all.subarray(first, first + size);
      let at = 0;
      part.forEach((value, i) => { if (value > part[at]) at = i; });
      found.push({ image: n, value: part[at], at });
      if (n % AT_ONCE === AT_ONCE - 1) {
        this.likesNote.textContent = `${n + 1} of ${data.test.count}`;
        await new Promise(resolve => setTimeout(resolve, 0));
        if (layer !== this.layer || map !== this.map || flatly !== this.flatly) return;
      }
    }
    this.liked = flatly;
    this.look();
    found.sort((a, b) => b.value - a.value);
    const size = count(assets.input_shape), { shape } = network.value(layer), Q = shape[shape.length - 1], fieldOf = node?.field, jump = node?.jump;
    this.likesNote.textContent = fieldOf ? "Framed: the part of the image that the largest number of the map sees. Below: class, number." : "Below: class, number.";
    this.likes.replaceChildren(...found.slice(0, LIKED).map(({ image, value, at }) => {
      const canvas = h("canvas", { role: "img", "aria-label": `test image ${image}` });
      paintInput(canvas, data.test.images.subarray(image * size, image * size + this.H * this.W), this.H, this.W);
      const box = h("div", { class: "liked" }, canvas);
      if (fieldOf && jump && shape.length > 2) {
        const frame = h("i"), centre = [Math.floor(at / Q), at % Q].map((each, axis) => (each + 0.5) * [this.H / shape[1], this.W / shape[2]][axis]);
        const edges = fieldOf.slice(-2).map((each, axis) => [Math.max(0, centre[axis] - each / 2), Math.min([this.H, this.W][axis], centre[axis] + each / 2)]);
        frame.style.top = `${100 * edges[0][0] / this.H}%`;
        frame.style.height = `${100 * (edges[0][1] - edges[0][0]) / this.H}%`;
        frame.style.left = `${100 * edges[1][0] / this.W}%`;
        frame.style.width = `${100 * (edges[1][1] - edges[1][0]) / this.W}%`;
        box.append(frame);
      }
      return h("figure", {}, box, h("figcaption", {}, assets.target !== "class" ? num(value) : `${data.classes[data.test.labels[image]]}: ${num(value)}`));
    }));
  }

  /** @param {number} [n] */
  takeSample(n) {
    const data = this.task.data;
    if (!data) return;
    const boxes = this.network.assets.target === "boxes", rows = data.test.labels.length / data.test.count;
    this.sample = n ?? (this.sample + 7) % data.test.count;
    const size = count(this.network.assets.input_shape);
    this.ink = Float32Array.from(data.test.images.subarray(this.sample * size, this.sample * size + this.H * this.W), value => value / 255);
    this.truth = boxes ? objectsOf(data.test.labels.slice(this.sample * rows, (this.sample + 1) * rows)) : [];
    this.drawn = false;
    this.look();
  }

  /** @param {number} row @param {number} column */
  dab(row, column) {
    this.drawn = true;
    this.truth = [];
    const reach = Math.max(1, Math.round(this.H / 14));
    for (let h = -reach; h <= reach; h++) for (let w = -reach; w <= reach; w++) {
      const [y, x] = [row + h, column + w];
      if (y < 0 || x < 0 || y >= this.H || x >= this.W) continue;
      this.ink[y * this.W + x] = Math.max(this.ink[y * this.W + x], Math.min(1, Math.max(0, reach + 0.1 - Math.hypot(h, w))));
    }
    this.look();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key === " ") { event.preventDefault(); this.dab(this.pen.row, this.pen.column); }
    if (event.key === "Backspace") { event.preventDefault(); this.clear(); }
  }

  clear() {
    this.ink.fill(0);
    this.truth = [];
    this.drawn = false;
    this.look();
  }

  /** @param {File | undefined} file */
  async takeFile(file) {
    if (!file) return;
    try {
      const bitmap = await createImageBitmap(file), context = /** @type {CanvasRenderingContext2D} */ (h("canvas", { width: this.W, height: this.H }).getContext("2d"));
      context.drawImage(bitmap, 0, 0, this.W, this.H);
      const { data } = context.getImageData(0, 0, this.W, this.H);
      this.ink = Float32Array.from({ length: this.H * this.W }, (_, n) => (0.299 * data[4 * n] + 0.587 * data[4 * n + 1] + 0.114 * data[4 * n + 2]) / 255);
      const edge = [...this.ink.subarray(0, this.W), ...this.ink.subarray(-this.W)].reduce((a, b) => a + b, 0) / (2 * this.W);
      if (edge > 0.5 && this.task.share < 1) this.ink = this.ink.map(each => 1 - each); // dark on light: the training images are light on dark
      this.drawn = this.task.share < 1;
      this.truth = [];
      this.look();
    } catch {
      this.verdict.textContent = `${file.name} is no picture that this browser reads`;
    }
    this.file.value = "";
  }

  remember() { state.write({ room: "look", layer: this.layer, map: this.map, image: this.drawn ? undefined : String(this.sample), at: `${this.unit.row},${this.unit.column}` }); }

  /** @param {import("./state.js").State} given */
  recall(given) {
    if (given.layer && this.network.assets.nodes.some(({ name }) => name === given.layer)) this.layer = given.layer;
    const whole = (/** @type {string | undefined} */ text) => Math.max(0, Math.floor(Number(text)) || 0);
    if (given.map) this.map = whole(given.map);
    this.takeSample(Math.min(whole(given.image), (this.task.data?.test.count ?? 1) - 1));
    if (given.at) this.unit.choose(...placeIn(given.at));
    else this.remember();
  }

  repaint() {
    if (!this.layer) return;
    this.forgetLikes();
    this.look();
  }
}
