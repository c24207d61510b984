// @ts-check
/** The second room: train in the page, see loss and filters as they change, and compare two settings. */
import { bounded, choice, field, h, num, percent, pick, save, say, unique } from "./dom.js";
import { FIGURES, figureWords, nounOf } from "./answers.js";
import { paintBoxes } from "./boxes.js";
import { paint, paintInput, paintMask } from "./colour.js";
import { Curves } from "./curves.js";
import { savePictures } from "./grid.js";
import { input } from "./images.js";
import { softmax } from "./network.js";
import { FEATURES, featuresOf, paintPlane, pointsOf, SHAPES, square } from "./points.js";
import { parsed, written } from "./safetensors.js";
import * as state from "./state.js";
import { Trainer } from "./trainer.js";

const SIDE = 40; // of the grid on which the plane is asked
const RATES = ["0.0003", "0.001", "0.003", "0.01", "0.03", "0.1", "0.3"];
const BATCHES = ["8", "16", "32", "64"];
const MOST_MISTAKES = 12;
const CHOICES = /** @type {const} */ (["optimizer", "rate", "batch"]), NUMBERS = /** @type {const} */ (["momentum", "dropout", "shift"]); // of a panel, in the address

/** Settings of one of the two that may be compared. */
class Panel {
  /** @param {string} name @param {() => void} changed */
  constructor(name, changed) {
    this.name = name;
    this.optimizer = choice([["adam", "Adam"], ["sgd", "SGD"]], kind => { this.choose(kind); changed(); });
    this.start = { batch: 64, adam: 0.001, sgd: 0.1 };
    this.rate = choice(RATES, changed);
    this.momentum = h("input", { type: "number", min: 0, max: 0.99, step: 0.1, value: 0.9, oninput: changed });
    this.batch = choice(BATCHES, changed);
    this.dropout = h("input", { type: "number", min: 0, max: 0.9, step: 0.1, value: 0, oninput: changed });
    this.shift = h("input", { type: "number", min: 0, max: 4, value: 0, oninput: changed });
    this.parts = {
      momentum: field("momentum", this.momentum), dropout: field("dropout", this.dropout), shift: field("shift, pixels", this.shift, "augmentation: each image moves by up to so many pixels"),
    };
    const title = h("legend", {}, `settings ${name}`);
    this.element = h("fieldset", { class: "panel" }, title, field("optimizer", this.optimizer), field("learning rate", this.rate), this.parts.momentum, field("batch", this.batch), this.parts.dropout, this.parts.shift);
    this.begin(this.start);
  }

  /** The settings that suit a task. @param {{batch: number, adam: number, sgd: number}} start */
  begin(start) {
    this.start = start;
    this.batch.value = String(start.batch);
    this.choose("adam");
  }

  /** An optimizer, with the learning rate that suits it. @param {string} kind */
  choose(kind) {
    pick(this.optimizer, kind);
    this.rate.value = String(this.start[/** @type {"adam" | "sgd"} */ (this.optimizer.value)]);
    this.show();
  }

  show() { this.parts.momentum.hidden = this.optimizer.value !== "sgd"; }

  /** @returns {import("./worker.js").TrainSettings} */
  get settings() {
    const rate = Number(this.rate.value), within = (/** @type {HTMLInputElement} */ each) => Math.max(Number(each.min), Math.min(Number(each.max), Number(each.value) || 0));
    return {
      optimizer: this.optimizer.value, batch: Number(this.batch.value), dropout: within(this.dropout), shift: Math.round(within(this.shift)),
      rates: { learning_rate: rate, momentum: within(this.momentum), nesterov: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0 },
    };
  }
}

export class TrainRoom {
  /**
   * @param {{script: string, engine: Uint8Array, tasks: Record<string, import("./main.js").Task>, loops: import("./loops.js").Loops}} page
   * @param {(trainer: Trainer, task: import("./main.js").Task) => void} changed called when the first trainer has news
   */
  constructor(page, changed) {
    this.page = page;
    this.changed = changed;
    this.own = { classes: /** @type {string[]} */ ([]), images: /** @type {Uint8Array[]} */ ([]), labels: /** @type {number[]} */ ([]) };
    this.task = choice(Object.entries(page.tasks).map(([name, { title }]) => [name, title]), () => this.suit());
    this.compare = h("input", { type: "checkbox", onchange: () => this.oppose() });
    this.panels = ["A", "B"].map(name => new Panel(name, () => this.settingsChanged()));
    this.trainers = /** @type {Trainer[]} */ ([]);
    this.loss = new Curves("loss of a batch");
    this.accuracy = new Curves("share of right answers in a batch", 1);
    this.filters = h("div", { class: "maps" });
    this.plane = h("canvas", { width: 640, height: 640, class: "plane", role: "img", "aria-label": "what the network says everywhere in the plane" });
    this.learned = h("div", {}, this.filters, this.plane);
    this.report = h("p", { class: "mono report", role: "status" });
    this.message = h("p", { class: "problem", role: "status" });
    this.hint = h("p", { class: "hint" });
    this.go = h("button", { type: "button", class: "main", onclick: () => this.toggle() }, "train");
    this.replay = h("input", { type: "range", min: 0, max: 0, value: 0, "aria-label": "a moment of training", oninput: () => this.showFilters(Number(this.replay.value)) });
    const anew = () => { this.begin(); this.remember(); };
    this.shape = choice(Object.keys(SHAPES), anew);
    this.noise = h("input", { type: "number", min: 0, max: 0.6, step: 0.1, value: 0.1, oninput: anew });
    this.features = FEATURES.map(([name], n) => h("input", { type: "checkbox", id: unique("feature"), checked: n < 2, "aria-label": name, onchange: anew }));
    this.pointControls = h("div", { class: "controls inner" }, field("points", this.shape), field("noise", this.noise),
      h("fieldset", { class: "field pair" }, h("legend", {}, "features"), ...this.features.map((each, n) => h("label", { for: each.id, class: "check" }, each, FEATURES[n][0]))));
    this.file = h("input", { type: "file", accept: ".safetensors", onchange: () => this.load(this.file.files?.[0]) });
    this.className = h("input", { type: "text", value: "first class", "aria-label": "name of the class of the pictures that are dropped next" });
    this.drop = h("div", { class: "drop", tabindex: 0, role: "button", "aria-label": "drop pictures of one class here, or press Enter to choose them", onclick: () => this.pictures.click(),
      onkeydown: (/** @type {KeyboardEvent} */ e) => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); this.pictures.click(); } },
      }, "drop pictures of this class here");
    this.pictures = h("input", { type: "file", accept: "image/*", multiple: true, hidden: true, "aria-label": "pictures", onchange: () => this.takePictures(this.pictures.files) });
    this.ownNote = h("p", { class: "dim" });
    this.ownControls = h("details", { class: "own" }, h("summary", {}, "own pictures"), field("class", this.className), this.drop, this.pictures, this.ownNote,
      h("button", { type: "button", onclick: () => { this.own = { classes: [], images: [], labels: [] }; this.begin(); } }, "forget them"));
    this.waiting = false;
    this.asking = /** @type {Trainer | null} */ (null); // whose answer for the plane is awaited
    this.mistakes = h("div", { class: "maps" });
    this.worst = h("span");
    this.element = h("div", { class: "room" },
      h("div", { class: "controls" }, field("task", this.task), this.pointControls, field("compare two settings", this.compare), ...this.panels.map(each => each.element), this.ownControls),
      h("div", { class: "stage" }, this.hint,
        h("div", { class: "buttons" }, this.go, h("button", { type: "button", onclick: () => this.trainers.forEach(each => each.step()) }, "one batch"),
          h("button", { type: "button", onclick: () => this.begin() }, "start again"),
          h("button", { type: "button", onclick: () => this.saveWeights() }, "save the weights"), h("label", { class: "button" }, "load weights", this.file)),
        this.message, this.report, h("div", { class: "figures" }, this.loss.figure, this.accuracy.figure),
        h("figure", { class: "filters" }, this.learned, h("figcaption", {}, h("span", { class: "caption" }), " ", this.replay, " ", savePictures(this.learned, "what it has learned"))),
        h("figure", { class: "mistakes" }, this.mistakes, h("figcaption", {}, this.worst, " ", savePictures(this.mistakes, "worst answers")))));
  }

  get chosen() { return this.page.tasks[this.task.value]; }
  get isPlane() { return this.chosen.kind === "points"; }
  get takesOwn() { return !this.isPlane && this.chosen.network.input_shape.length === 3 && this.chosen.network.target === "class"; }
  get chosenFeatures() { return this.features.map(each => each.checked); }

  /** What an address means that does not say it. */
  get first() { return { task: Object.keys(this.page.tasks)[0], noise: "0.1", features: "11" }; }

  /** Two settings that are alike would show nothing: the other begins with another optimizer. */
  oppose() {
    const [a, b] = this.panels;
    if (this.compare.checked && JSON.stringify(a.settings) === JSON.stringify(b.settings)) b.choose(a.optimizer.value === "adam" ? "sgd" : "adam");
    this.begin();
    this.remember();
  }

  /** Settings and trainers for a task that was chosen. */
  suit() {
    for (const each of this.panels) each.begin(this.chosen.network.start);
    this.begin();
    this.remember();
  }

  /** New trainers for the task. */
  begin() {
    for (const each of this.trainers) each.worker?.terminate();
    const task = this.chosen, compared = this.compare.checked;
    this.panels[1].element.hidden = !compared;
    this.pointControls.hidden = this.ownControls.hidden = true;
    if (this.isPlane) this.pointControls.hidden = false;
    else this.ownControls.hidden = !this.takesOwn;
    for (const panel of this.panels) {
      panel.parts.shift.hidden = !this.takesOwn;
      panel.parts.dropout.hidden = task.network.target !== "class";
    }
    this.plane.hidden = !this.isPlane;
    this.hint.textContent = `Press train. Settings can be changed while it runs${task === Object.values(this.page.tasks)[0] ? "; the room Look inside shows what it has learned so far" : ""}.`;
    const data = this.data(task);
    this.trainers = this.panels.slice(0, compared ? 2 : 1).map(panel => {
      const trainer = new Trainer(this.page.loops, this.page.script, [this.page.engine, task.module], task.network, task.plans, task.parameters, data, panel.settings);
      trainer.listeners.push(() => this.showSoon());
      trainer.failed = words => { this.message.textContent = words; };
      return trainer;
    });
    this.message.textContent = "";
    this.show();
  }

  /** @param {import("./main.js").Task} task */
  data(task) {
    if (task.kind === "points") {
      const made = pointsOf(this.shape.value, Number(this.noise.value) || 0, this.chosenFeatures, 3);
      this.points = made;
      return { bytes: made.bytes, labels: made.trainLabels, count: made.count, test: made.test, truth: made.truth, tests: made.tests, classes: task.network.classes };
    }
    const { train, test } = /** @type {import("./images.js").Data} */ (task.data), own = this.own;
    if (own.images.length && this.takesOwn) {
      const size = own.images[0].length, all = new Uint8Array(size * own.images.length);
      own.images.forEach((each, n) => all.set(each, n * size));
      return { bytes: all, labels: Uint8Array.from(own.labels), count: own.labels.length, test: all, truth: Uint8Array.from(own.labels), tests: own.labels.length, classes: own.classes };
    }
    return { bytes: train.images, labels: train.labels, count: train.count, test: test.images, truth: test.labels, tests: test.count, classes: task.network.classes };
  }

  settingsChanged() {
    this.trainers.forEach((each, n) => each.set(this.panels[n].settings));
    this.remember();
  }

  toggle() {
    const running = this.trainers.some(each => each.running);
    for (const each of this.trainers) if (running) each.pause(); else each.run();
  }

  /** Show what became of trainers once for all news of a frame, so that the page stays free for its user. */
  showSoon() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.show();
    });
  }

  show() {
    const [first] = this.trainers, running = this.trainers.some(each => each.running);
    if (!first) return;
    this.go.textContent = running ? "pause" : "train";
    const alone = this.trainers.length === 1, boxes = this.chosen.network.target === "boxes"; // of which none is right or wrong before all are sorted
    const curves = (/** @type {(trainer: Trainer) => number[]} */ values) => this.trainers.map((each, n) => ({ name: alone ? "now" : this.panels[n].name, values: values(each), steps: each.steps, kind: ["first", "second"][n] }));
    this.loss.show(curves(each => each.batches.map(({ loss }) => loss)));
    this.accuracy.entitle(boxes ? `${FIGURES.boxes} on the test images` : "share of right answers in a batch");
    this.accuracy.show(curves(each => (boxes ? each.tests : each.batches.map(({ right }) => right))));
    this.report.textContent = this.trainers.map((each, n) => {
      const test = each.tests.at(-1), speed = each.speed ? `${Math.round(each.speed).toLocaleString("en")} ${nounOf(each.network)} a second` : "not trained yet";
      return `${this.trainers.length > 1 ? `${this.panels[n].name}: ` : ""}epoch ${each.epoch}, batch ${each.steps}; ${speed}; ${test === undefined ? "not tested yet" : figureWords(each.network, test)}`;
    }).join("\n");
    this.replay.max = String(first.history.length - 1);
    if (!running || document.activeElement !== this.replay) this.replay.value = this.replay.max;
    this.showFilters(Number(this.replay.value));
    this.showMistakes(first);
    if (this.isPlane) this.showPlane(first);
    this.changed(first, this.chosen);
  }

  /** @param {number} moment */
  showFilters(moment) {
    const [first] = this.trainers, [name, , shape] = first.network.slots[0], values = first.history[moment] ?? first.history[first.history.length - 1];
    const caption = this.element.querySelector(".caption");
    this.filters.hidden = this.replay.hidden = this.isPlane;
    if (caption) caption.textContent = this.isPlane ? "what the network says everywhere; the larger points test it" : `${name}: ${shape.join(" x ")}, moment ${moment + 1} of ${first.history.length}${first.history.length > 1 ? "; slide back to see how they came about" : ""}`;
    if (this.isPlane) return;
    const [K, C] = shape, [R, S] = shape.length > 3 ? shape.slice(2) : [1, shape[shape.length - 1]], count = Math.min(K, 32), size = values.length / K;
    while (this.filters.children.length < count) this.filters.append(h("canvas", { role: "img", "aria-label": `filter ${this.filters.children.length}` }));
    while (this.filters.children.length > count) this.filters.lastChild?.remove();
    [...this.filters.children].forEach((each, k) => paint(/** @type {HTMLCanvasElement} */ (each), values.subarray(k * size, k * size + (C ? R * S : size)), R, S));
  }

  /** @param {Trainer} trainer */
  showMistakes(trainer) {
    const figure = /** @type {HTMLElement} */ (this.mistakes.parentElement), wrong = trainer.wrong?.slice(0, MOST_MISTAKES) ?? [], { network } = trainer;
    figure.hidden = this.isPlane || !wrong.length;
    this.worst.textContent = `test ${nounOf(network)} that it answers worst${network.boxes ? "; broken lines: what is there" : network.target === "class" ? ": what it is, as what it takes it, how sure it is" : ""}`;
    this.mistakes.classList.toggle("scenes", network.target === "boxes");
    if (figure.hidden) return;
    const shape = network.input_shape, [H, W] = shape.length > 2 ? shape.slice(-2) : [1, shape[shape.length - 1]];
    const size = shape.reduce((a, b) => a * b, 1), bytes = /** @type {Uint8Array} */ (trainer.data.test);
    this.mistakes.replaceChildren(...wrong.map(({ image, words, mask, found, truth }) => {
      const canvas = h("canvas", { role: "img", "aria-label": `test image ${image}` }), pixels = bytes.subarray(image * size, image * size + H * W);
      if (found) paintBoxes(canvas, pixels, found, truth ?? [], network.classes, H, W);
      else if (mask) paintMask(canvas, pixels, mask, H, W);
      else paintInput(canvas, pixels, H, W);
      return h("figure", {}, canvas, h("figcaption", {}, words));
    }));
  }

  /** @param {Trainer} trainer */
  async showPlane(trainer) {
    if (this.asking === trainer || !this.points) return;
    this.asking = trainer; // one that is replaced never answers
    const scores = await trainer.scores(featuresOf(square(SIDE), this.chosenFeatures), SIDE * SIDE);
    if (this.asking === trainer) this.asking = null;
    if (trainer !== this.trainers[0]) return;
    const shares = Float32Array.from({ length: SIDE * SIDE }, (_, n) => softmax(scores.subarray(2 * n, 2 * n + 2))[1]);
    if (this.points) paintPlane(this.plane, shares, SIDE, this.points);
  }

  saveWeights() {
    const [first] = this.trainers;
    save(`${first.network.name}.safetensors`, written(first.network, first.parameters, first.epoch), "application/octet-stream");
    say("saved");
  }

  /** @param {File | undefined} file */
  async load(file) {
    if (!file) return;
    try {
      const parameters = parsed(this.chosen.network, await file.arrayBuffer());
      this.chosen.parameters = parameters;
      this.begin();
      this.message.textContent = `weights of ${file.name}`;
    } catch (error) {
      this.message.textContent = error instanceof Error ? error.message : String(error);
    }
    this.file.value = "";
  }

  /** Weights or pictures that were dropped. @param {FileList} files */
  takeFiles(files) {
    const weights = [...files].find(each => each.name.endsWith(".safetensors"));
    if (weights) this.load(weights);
    else if (this.takesOwn) this.takePictures(files);
    else this.message.textContent = `${files[0].name}: this task takes weights (.safetensors), no pictures`;
  }

  /** Pictures of one class, grey and in the network's size. @param {FileList | null | undefined} files */
  async takePictures(files) {
    const { network } = this.chosen, [, H, W] = network.input_shape, name = this.className.value.trim() || "class";
    for (const file of files ?? []) {
      try {
        const bitmap = await createImageBitmap(file), context = /** @type {CanvasRenderingContext2D} */ (h("canvas", { width: W, height: H }).getContext("2d"));
        context.drawImage(bitmap, 0, 0, W, H);
        const { data } = context.getImageData(0, 0, W, H), plane = Uint8Array.from({ length: H * W }, (_, n) => Math.round(0.299 * data[4 * n] + 0.587 * data[4 * n + 1] + 0.114 * data[4 * n + 2]));
        const image = new Uint8Array(network.input_shape[0] * H * W);
        for (let c = 0; c < network.input_shape[0]; c++) image.set(plane, c * H * W);
        if (!this.own.classes.includes(name)) this.own.classes.push(name);
        if (this.own.classes.length > network.classes.length) throw new Error(`this network tells ${network.classes.length} classes apart, not more`);
        this.own.images.push(image);
        this.own.labels.push(this.own.classes.indexOf(name));
      } catch (error) {
        this.message.textContent = `${file.name}: ${error instanceof Error ? error.message : "no picture that this browser reads"}`;
      }
    }
    this.ownNote.textContent = this.own.classes.map((each, k) => `${each}: ${this.own.labels.filter(label => label === k).length}`).join(", ");
    this.begin();
  }

  remember() {
    const panels = this.panels.flatMap((panel, n) => [...CHOICES, ...NUMBERS].map(name => {
      const told = (n === 0 || this.compare.checked) && (name !== "momentum" || panel.optimizer.value === "sgd") && panel[name].value !== "0";
      return [n ? `${name}2` : name, told ? panel[name].value : undefined];
    }));
    const plane = this.isPlane ? { points: this.shape.value, noise: this.noise.value, features: this.chosenFeatures.map(Number).join("") } : { points: undefined, noise: undefined, features: undefined };
    state.write({ room: "train", task: this.task.value, ...Object.fromEntries(panels), ...plane });
  }

  /** @param {import("./state.js").State} given */
  recall(given) {
    const [a, b] = this.panels;
    pick(this.task, given.task);
    for (const each of this.panels) each.begin(this.chosen.network.start);
    for (const [panel, mark] of /** @type {[Panel, string][]} */ ([[a, ""], [b, "2"]])) {
      if (given[`optimizer${mark}`]) panel.choose(given[`optimizer${mark}`]);
      for (const name of CHOICES) pick(panel[name], given[name + mark]);
      for (const name of NUMBERS) if (given[name + mark]) bounded(panel[name], given[name + mark]);
      panel.show();
    }
    this.compare.checked = CHOICES.some(name => given[`${name}2`]);
    pick(this.shape, given.points);
    if (given.noise) bounded(this.noise, given.noise);
    if (given.features) this.features.forEach((each, n) => { each.checked = given.features[n] === "1"; });
    this.begin();
  }

  enter() { this.remember(); }

  repaint() { this.show(); }
}

