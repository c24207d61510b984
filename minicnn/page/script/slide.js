// @ts-check
/** The first room: slide a filter, and see every product of the number under the cursor. */
import { bounded, choice, field, h, num, pick, picker, placeIn, say } from "./dom.js";
import { Explanation } from "./explain.js";
import { Grid } from "./grid.js";
import { count, placeOf, tensor } from "./loops.js";
import { ownCall } from "./own.js";
import * as state from "./state.js";
import { callOf, gaussian, KINDS, MODES, outputSize, paddingOf, PASSES, pools, problem, ROLES, weightShape } from "./variants.js";

const MOST = 28; // rows and columns of an image in this room
const PADDINGS = /** @type {[string, string][]} */ ([["valid", "none (valid)"], ["same", "same"], ["full", "full"], ["own", "my own"]]);

export class SlideRoom {
  /**
   * @param {import("./loops.js").Loops} loops
   * @param {Record<string, import("./loops.js").Tensor>} images by name, (channels, rows, columns)
   * @param {Record<string, number[][]>} kernels the famous ones, by name
   * @param {import("./own.js").VariantAssets | null} own the user's convolution
   */
  constructor(loops, images, kernels, own) {
    this.loops = loops;
    this.own = own;
    this.images = images;
    this.kernels = kernels;
    this.weights = /** @type {number[]} */ ([]);
    this.shown = { channel: 0, filter: 0, slice: 0 };
    this.call = /** @type {ReturnType<typeof callOf> | null} */ (null);
    this.input = new Grid("the input");
    this.second = new Grid("the weights");
    this.result = new Grid("the result: arrow keys choose a number", () => this.explain());
    this.explanation = new Explanation(loops, reads => this.markReads(reads));
    this.message = h("p", { class: "problem", role: "status" });
    this.weightBox = h("div", { class: "weights", role: "group", "aria-label": "weights" });
    this.hint = h("p", { class: "hint" });
    this.controls = this.makeControls();
    this.formula = h("pre", { class: "formula" });
    this.element = h("div", { class: "room" },
      h("div", { class: "controls" }, ...this.controls.first, this.weightBox, this.controls.more),
      h("div", { class: "stage" }, this.hint, this.message,
        h("div", { class: "figures" }, this.input.figure, this.second.figure, this.result.figure),
        this.formula, this.explanation.element));
  }

  /** What an address means that does not say it. */
  get first() {
    const once = "1x1", none = "0x0";
    return { kind: this.controls.kind.options[0].value, pass: "forward", axes: "2", padding: "valid", mode: "zeros", flip: "0", bias: "0", window: "3x3", stride: once, dilation: once, before: none, after: none, tile: "2x2", rest: none, channels: "1", filters: "1", groups: "1" };
  }

  makeControls() {
    const redo = () => this.refresh(), number = (/** @type {number} */ value, /** @type {number} */ low, /** @type {number} */ high) =>
      h("input", { type: "number", min: low, max: high, value, oninput: redo });
    const pair = (/** @type {number} */ value, /** @type {number} */ low, /** @type {number} */ high) => [number(value, low, high), number(value, low, high)];
    const c = {
      kind: choice(this.own ? [["variant", `${this.own.name} (my own)`], ...KINDS] : KINDS, redo), pass: choice(PASSES, redo), axes: choice([["2", "image (2D)"], ["1", "signal (1D)"], ["3", "volume (3D)"]], redo),
      image: choice(Object.keys(this.images), redo), kernel: choice(["my own", ...Object.keys(this.kernels)], name => this.takeKernel(name)),
      window: pair(3, 1, 7), stride: pair(1, 1, 5), dilation: pair(1, 1, 4), padding: choice(PADDINGS, redo), mode: choice(MODES, redo),
      before: pair(0, 0, 9), after: pair(0, 0, 9), tile: pair(2, 1, 5), rest: pair(0, 0, 4), channels: number(1, 1, 4), filters: number(1, 1, 4), groups: number(1, 1, 4),
      bias: h("input", { type: "number", step: 0.5, value: 0, oninput: redo }), flip: h("input", { type: "checkbox", onchange: redo }),
      counts: h("input", { type: "checkbox", checked: true, onchange: redo }), sigma: h("input", { type: "number", min: 0.2, max: 5, step: 0.1, value: 1, oninput: redo }),
      file: h("input", { type: "file", accept: "image/*", onchange: () => this.takeFile(c.file.files?.[0]) }),
      channel: number(0, 0, 3), filter: number(0, 0, 3), slice: number(0, 0, 9),
    };
    const both = (/** @type {string} */ label, /** @type {HTMLInputElement[]} */ controls) => {
      controls.forEach((each, n) => each.setAttribute("aria-label", `${label}, ${n ? "columns" : "rows"}`));
      return h("fieldset", { class: "field pair" }, h("legend", {}, label), ...controls);
    };
    const parts = {
      kind: field("operation", c.kind), pass: field("direction", c.pass), axes: field("axes", c.axes), image: field("image", c.image),
      file: picker("a picture of your own", c.file), kernel: field("filter", c.kernel), window: both("window", c.window), stride: both("stride", c.stride),
      padding: field("padding", c.padding), before: both("before", c.before), after: both("after", c.after), mode: field("filled with", c.mode),
      dilation: both("dilation", c.dilation), tile: both("tile", c.tile), rest: both("output padding", c.rest), channels: field("channels", c.channels),
      filters: field("filters", c.filters), groups: field("groups", c.groups), bias: field("bias", c.bias), flip: field("flip (mathematics)", c.flip),
      counts: field("count padding", c.counts), sigma: field("sigma", c.sigma), channel: field("show channel", c.channel), filter: field("show filter", c.filter), slice: field("show slice", c.slice),
    };
    const early = ["kind", "pass", "image", "file", "padding", "before", "after", "stride", "window", "kernel"], more = h("details", { class: "more", open: window.innerWidth > 820 }, h("summary", {}, "more settings"));
    more.append(...Object.entries(parts).filter(([name]) => !early.includes(name)).map(([, each]) => each));
    return { ...c, parts, first: early.map(name => parts[/** @type {keyof typeof parts} */ (name)]), more };
  }

  /** @returns {import("./variants.js").Settings & {padding: string}} */
  settings() {
    const c = this.controls, axes = this.isOwn ? /** @type {import("./own.js").VariantAssets} */ (this.own).axes : Number(c.axes.value), own = (/** @type {HTMLInputElement[]} */ two) => {
      const values = two.map(each => Math.max(Number(each.min), Math.min(Number(each.max), Math.round(Number(each.value)) || Number(each.min))));
      return axes === 1 ? [values[1]] : axes === 3 ? [values[0], ...values] : values;
    };
    const image = this.image(), size = axes === 1 ? [image.shape[2]] : axes === 3 ? [5, ...image.shape.slice(1)] : image.shape.slice(1);
    const integer = (/** @type {HTMLInputElement} */ one) => own([one, one])[0];
    const settings = {
      kind: c.kind.value, pass: c.pass.value, axes, size, channels: integer(c.channels), filters: integer(c.filters), groups: integer(c.groups), window: own(c.window),
      stride: own(c.stride), dilation: own(c.dilation), before: own(c.before), after: own(c.after), tile: own(c.tile), rest: own(c.rest), flip: c.flip.checked,
      mode: c.mode.value, counts: c.counts.checked, sigma: Number(c.sigma.value) || 1, padding: c.padding.value,
    };
    if (this.own && this.isOwn) return { ...settings, size: this.own.input_shape.slice(-axes), channels: this.own.input_shape[0], filters: this.own.output_shape[0], groups: 1, mode: "circular" };
    if (settings.padding !== "own") [settings.before, settings.after] = paddingOf(settings.padding, settings);
    return settings;
  }

  get isOwn() { return this.controls.kind.value === "variant"; }

  /** The chosen image, (channels, rows, columns); a signal is its middle row. */
  image() {
    const image = this.images[this.controls.image.value] ?? Object.values(this.images)[0];
    if (this.controls.axes.value !== "1") return image;
    const [, H, W] = image.shape, middle = Math.floor(H / 2) * W;
    return { shape: [1, 1, W], data: image.data.slice(middle, middle + W) };
  }

  /** Controls that mean nothing for these settings go; those that would ask for what is not there say why. @param {import("./variants.js").Settings & {padding: string}} s */
  showControls(s) {
    const { parts } = this.controls, pool = pools(s.kind), weighted = !pool && !this.isOwn;
    const shown = {
      kernel: weighted && s.axes === 2, before: s.padding === "own", after: s.padding === "own", mode: weighted && s.kind !== "conv_transpose" && s.axes < 3,
      dilation: !["avg_pool", "l2_pool", "gaussian_pool"].includes(s.kind), tile: s.kind === "tiled_conv", rest: s.kind === "conv_transpose", filters: weighted,
      groups: weighted, bias: weighted, flip: s.kind === "conv", counts: s.kind === "avg_pool", sigma: s.kind === "gaussian_pool",
      channel: s.channels > 1, filter: !pool && s.filters > 1, slice: s.axes === 3, axes: !this.isOwn, window: !this.isOwn, stride: !this.isOwn, padding: !this.isOwn,
      channels: !this.isOwn,
    };
    if (this.isOwn) shown.dilation = shown.before = shown.after = false;
    shown.bias = !pool;
    for (const [name, is] of Object.entries(shown)) parts[/** @type {keyof typeof parts} */ (name)].hidden = !is;
    for (const name of /** @type {const} */ (["window", "stride", "dilation", "before", "after", "tile", "rest"])) this.controls[name][0].hidden = s.axes === 1; // a signal has no rows
    for (const option of this.controls.pass.options) option.hidden = pool && option.value === "backward_weight";
    for (const option of this.controls.kind.options) option.disabled = s.axes === 3 && option.value !== "conv" || s.axes === 1 && option.value === "gaussian_pool";
  }

  /** Everything anew, from the controls. */
  refresh() {
    const c = this.controls;
    if (c.axes.value === "3" && c.kind.value !== "conv" || c.axes.value === "1" && c.kind.value === "gaussian_pool") c.kind.value = "conv";
    if (pools(c.kind.value) && c.pass.value === "backward_weight") c.pass.value = "backward_input";
    if (c.kind.value === "conv_transpose" || pools(c.kind.value) || c.axes.value === "3") c.mode.value = "zeros";
    if (["avg_pool", "l2_pool", "gaussian_pool"].includes(c.kind.value)) for (const each of c.dilation) each.value = "1";
    const s = this.settings(), wrong = this.isOwn ? "" : problem(s);
    this.showControls(s);
    this.message.textContent = wrong;
    this.remember();
    if (wrong) return;
    const bias = Number(c.bias.value) || 0;
    if (this.own && this.isOwn) {
      this.weightsOf([this.own.weights], Math.min(this.own.weights, 49));
      this.call = ownCall(this.loops, this.own, s.pass, this.channelsOf(s), this.weights, bias);
    } else {
      const shape = weightShape(s), weight = s.kind === "gaussian_pool" ? gaussian(s.window, s.sigma) : this.weightsOf(shape, count(s.window));
      this.call = callOf(this.loops, s, this.channelsOf(s), weight, bias);
    }
    this.shown = { channel: Math.min(Number(c.channel.value) || 0, s.channels - 1), filter: Math.min(Number(c.filter.value) || 0, s.filters - 1), slice: Number(c.slice.value) || 0 };
    this.formula.textContent = this.loops.of(this.call.loop).formula;
    this.draw(s);
    this.explain();
  }

  /** The image in as many channels as there are: itself, then turned upside down, mirrored, both. @param {import("./variants.js").Settings} s */
  channelsOf(s) {
    const image = this.image(), planes = count(s.size), one = image.data.length / image.shape[0];
    return tensor([s.channels, ...s.size], n => {
      const channel = Math.floor(n / planes), at = n % planes % one, own = image.shape[0] > channel ? channel : 0;
      const W = s.size[s.size.length - 1], row = Math.floor(at / W), column = at % W, H = one / W;
      const turned = own ? at : (channel & 1 ? H - 1 - row : row) * W + (channel & 2 ? W - 1 - column : column);
      return image.data[own * one + turned];
    });
  }

  /** The weights of this shape: those that were typed for one filter, others made from them. @param {number[]} shape @param {number} taps */
  weightsOf(shape, taps) {
    const known = this.weights;
    if (known.length !== taps) this.weights = Array.from({ length: taps }, (_, n) => (known.length && taps % known.length === 0 ? known[n % known.length] : n === (taps - 1) >> 1 ? 1 : 0));
    this.showWeights(taps);
    const several = count(shape) / taps;
    return tensor(shape, n => this.weights[n % taps] * (several === 1 ? 1 : [1, -1, 0.5, 2, -0.5][Math.floor(n / taps) % 5]));
  }

  /** @param {number} taps */
  showWeights(taps) {
    const columns = Number(this.controls.window[1].value), box = this.weightBox;
    box.hidden = pools(this.controls.kind.value);
    box.style.setProperty("--columns", String(columns));
    if (box.children.length !== taps) {
      box.replaceChildren(...this.weights.map((_, n) => h("input", {
        type: "number", step: 0.1, "aria-label": `weight ${Math.floor(n / columns)}, ${n % columns}`, oninput: (/** @type {Event} */ event) => {
          this.weights[n] = Number(/** @type {HTMLInputElement} */ (event.target).value) || 0;
          this.controls.kernel.value = "my own";
          this.refresh();
        },
      })));
    }
    [...box.children].forEach((each, n) => {
      const input = /** @type {HTMLInputElement} */ (each);
      if (Number(input.value) !== this.weights[n] || input.value === "") input.value = String(+this.weights[n].toFixed(4));
    });
  }

  /** @param {string} name */
  takeKernel(name) {
    const rows = this.kernels[name];
    if (rows) {
      this.weights = rows.flat();
      this.controls.window.forEach(each => { each.value = String(rows.length); });
      this.weightBox.replaceChildren();
    }
    this.refresh();
  }

  /** A picture of the user's, grey and small. @param {File | undefined} file */
  async takeFile(file) {
    if (!file) return;
    try {
      const bitmap = await createImageBitmap(file), scale = MOST / Math.max(bitmap.width, bitmap.height);
      const [W, H] = [bitmap.width, bitmap.height].map(each => Math.max(1, Math.round(each * Math.min(1, scale))));
      const canvas = h("canvas", { width: W, height: H }), context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
      context.drawImage(bitmap, 0, 0, W, H);
      const { data } = context.getImageData(0, 0, W, H);
      this.addImage(file.name, { shape: [1, H, W], data: Float32Array.from({ length: H * W }, (_, n) => (0.299 * data[4 * n] + 0.587 * data[4 * n + 1] + 0.114 * data[4 * n + 2]) / 255) });
    } catch {
      this.message.textContent = `${file.name} is no picture that this browser reads`;
    }
  }

  /** @param {string} name @param {import("./loops.js").Tensor} image */
  addImage(name, image) {
    if (!this.images[name]) this.controls.image.append(new Option(name, name));
    this.images[name] = image;
    this.controls.image.value = name;
    this.refresh();
  }

  /** A plane of an array: rows and columns of (..., rows, columns) at the places before. @param {import("./loops.js").Tensor} array @param {number[]} where */
  plane(array, where) {
    const shape = array.shape.length > where.length + 1 ? array.shape.slice(-2) : [1, array.shape[array.shape.length - 1]];
    const size = count(shape), start = where.reduce((sum, each, axis) => sum * array.shape[axis] + each, 0) * size;
    return { rows: shape[0], columns: shape[1], values: array.data.subarray(start, start + size) };
  }

  /** Where the shown plane of an array begins: every place but rows and columns. @param {string} name @param {import("./variants.js").Settings} s @param {number[]} shape */
  leading(name, s, shape) {
    const { channel, filter, slice } = this.shown, pool = pools(s.kind), spatial = Math.min(2, s.axes, shape.length), lead = shape.length - spatial;
    const first = name === "x" || name === "dx" ? [0, channel] : name === "y" || name === "dy" ? [0, pool ? channel : filter] : s.kind === "conv_transpose" ? [channel, 0] : [filter];
    const where = [...first.slice(0, lead), ...new Array(Math.max(0, lead - first.length)).fill(0)].map((each, axis) => Math.min(each, shape[axis] - 1));
    if (s.axes === 3 && lead > 2) where[lead - 1] = Math.min(slice, shape[lead - 1] - 1);
    return where;
  }

  /** @param {import("./variants.js").Settings} s */
  draw(s) {
    const call = /** @type {NonNullable<typeof this.call>} */ (this.call), [first, other] = call.reads, shapeOf = (/** @type {string} */ name) => /** @type {import("./loops.js").Tensor} */ ((call.shown ?? call.given)[name]);
    const two = (/** @type {number[]} */ pads) => /** @type {[number, number]} */ (s.axes === 1 ? [0, pads[0]] : pads.slice(-2));
    const showOf = (/** @type {Grid} */ grid, /** @type {string} */ name) => {
      const array = shapeOf(name), zeros = name === "x" && s.mode === "zeros" && s.kind !== "conv_transpose";
      const ring = zeros ? { before: two(s.before), after: two(s.after) } : {};
      grid.show({ ...this.plane(array, this.leading(name, s, array.shape)), ...ring }, `${name}, ${ROLES[name] ?? name}: ${array.shape.join(" x ")}`);
    };
    showOf(this.input, first);
    this.second.figure.hidden = !other;
    if (other) showOf(this.second, other);
    showOf(this.result, call.output);
    this.hint.textContent = `Point at a number of ${call.output}, or move by arrow keys there: what it is made of is framed in ${call.reads.join(" and ")}, and worked out below.`;
  }

  explain() {
    const { call } = this;
    if (!call) return;
    const s = this.settings(), array = /** @type {import("./loops.js").Tensor} */ (call.given[call.output]), { row, column } = this.result;
    const spatial = array.shape.length < 2 || s.axes === 1 ? [column] : [row, column], place = [...this.leading(call.output, s, array.shape), ...spatial];
    const n = place.reduce((sum, each, axis) => sum * array.shape[axis] + each, 0);
    this.explanation.ask({ loop: call.loop, output: call.output, place, given: call.given, written: array.data[n] });
    say(`row ${row}, column ${column}: ${num(array.data[n])}`);
    this.remember();
  }

  /** Frames around what a step reads, where its plane is shown. @param {[string, number[]][]} reads */
  markReads(reads) {
    const { call } = this;
    if (!call) return;
    const s = this.settings(), frames = (/** @type {string} */ name) => reads.filter(([array]) => array === name).flatMap(([, place]) => {
      const array = /** @type {import("./loops.js").Tensor} */ ((call.shown ?? call.given)[name]), where = this.leading(name, s, array.shape);
      const whole = place.length === array.shape.length ? place : placeOf(array.shape, place[place.length - 1]);
      if (where.some((each, axis) => whole[axis] !== each)) return [];
      return [/** @type {import("./grid.js").Mark} */ ([s.axes === 1 || whole.length < 2 ? 0 : whole[whole.length - 2], whole[whole.length - 1], "read"])];
    });
    this.input.mark(frames(call.reads[0]));
    if (call.reads[1]) this.second.mark(frames(call.reads[1]));
    this.result.mark([]);
  }

  /** The room as part of the address. */
  remember() {
    const c = this.controls, two = (/** @type {HTMLInputElement[]} */ pair) => pair.map(each => each.value).join("x");
    const plain = { kind: c.kind.value, pass: c.pass.value, axes: c.axes.value, image: c.image.value, padding: c.padding.value, mode: c.mode.value, flip: Number(c.flip.checked), bias: c.bias.value };
    const pairs = { window: two(c.window), stride: two(c.stride), dilation: two(c.dilation), before: two(c.before), after: two(c.after), tile: two(c.tile), rest: two(c.rest) };
    const numbers = { channels: c.channels.value, filters: c.filters.value, groups: c.groups.value, at: `${this.result.row},${this.result.column}` };
    const linked = c.image.value === "from the link" ? this.images[c.image.value] : null, columns = linked?.shape[2] ?? 1, own = [...linked?.data ?? []];
    const rows = linked ? Array.from({ length: own.length / columns }, (_, row) => own.slice(row * columns, (row + 1) * columns).join(" ")).join(",") : undefined;
    state.write({ room: "slide", ...plain, ...pairs, ...numbers, numbers: rows, weights: this.weights.map(each => +each.toFixed(4)).join(" ") });
  }

  /** As an address says; what it does not name stays. @param {import("./state.js").State} given */
  recall(given) {
    const c = this.controls;
    for (const name of /** @type {const} */ (["kind", "pass", "axes", "image", "padding", "mode", "bias", "channels", "filters", "groups"])) {
      const control = c[name], value = given[name];
      if (control instanceof HTMLSelectElement) pick(control, value);
      else if (value !== undefined) bounded(control, value);
    }
    for (const name of /** @type {const} */ (["window", "stride", "dilation", "before", "after", "tile", "rest"])) {
      const values = given[name]?.split("x");
      if (values) c[name].forEach((each, n) => bounded(each, values[Math.min(n, values.length - 1)]));
    }
    if (given.flip !== undefined) c.flip.checked = given.flip === "1";
    if (given.weights) [this.weights, c.kernel.value] = [given.weights.split(" ").map(each => Number(each) || 0), "my own"];
    if (given.kernel && this.kernels[given.kernel]) [this.weights, c.kernel.value] = [this.kernels[given.kernel].flat(), given.kernel];
    const named = Object.entries(this.kernels).find(([, rows]) => String(rows.flat()) === String(this.weights));
    if (named && given.weights) [c.kernel.value] = named;
    if (given.numbers) { // an image of one's own: rows separated by commas
      const rows = given.numbers.split(",").slice(0, MOST).map(row => row.trim().split(" ").slice(0, MOST).map(each => Number(each) || 0)), columns = Math.max(...rows.map(row => row.length));
      this.images["from the link"] = tensor([1, rows.length, columns], n => rows[Math.floor(n / columns)][n % columns] ?? 0);
      if (![...c.image.options].some(each => each.value === "from the link")) c.image.append(new Option("from the link", "from the link"));
      c.image.value = "from the link";
    }
    if (given.at) [this.result.row, this.result.column] = placeIn(given.at);
    if (!c.image.value) c.image.selectedIndex = 0;
    this.weightBox.replaceChildren();
    if (Object.keys(given).length > 3) this.controls.more.open ||= ["dilation", "mode", "tile", "rest", "axes", "groups", "channels", "filters"].some(name => given[name] && !["1", "1x1", "2x2", "0x0", "zeros", "2"].includes(given[name]));
    this.refresh();
  }

  enter() { this.remember(); }

  /** Nothing to do: numbers are drawn by the theme's colours. */
  repaint() {}
}

