// @ts-check
/** A network in training, as the page knows it: its worker, its parameters, what its batches came to. */
import { judged } from "./answers.js";
import { firstParameters, generator } from "./network.js";

/** @typedef {import("./worker.js").TrainSettings} TrainSettings */

const MOST_BATCHES = 20_000; // whose losses are kept
const KEPT = 600; // looks at the filters that are kept for the replay

export class Trainer {
  worker = /** @type {Worker | null} */ (null);
  first = new Float32Array(0); // parameters
  parameters = new Float32Array(0);
  batches = /** @type {{loss: number, right: number}[]} */ ([]); // means of each
  tests = /** @type {number[]} */ ([]); // shares of right answers, or overlaps
  wrong = /** @type {import("./answers.js").Mistake[]} */ ([]);
  history = /** @type {Float32Array[]} */ ([]); // filters of the first layer
  epoch = 0;
  steps = 0;
  speed = 0; // images a second
  running = false;
  measuring = false;
  due = false; // parameters are newer than what is measured
  asked = /** @type {Map<number, (scores: Float32Array) => void>} */ (new Map());

  /**
   * @param {import("./loops.js").Loops} loops @param {string} script of the worker @param {(Uint8Array | null)[]} engine and what is behind it @param {import("./network.js").NetworkAssets} network
   * @param {Record<string, any>} plans unpacked @param {Float32Array | null} parameters of a trained network
   * @param {{bytes: ArrayBufferView, labels: Uint8Array | Float32Array, count: number, test: ArrayBufferView, truth: Uint8Array | Float32Array, tests: number, classes: string[]}} data @param {TrainSettings} settings
   */
  constructor(loops, script, engine, network, plans, parameters, data, settings) {
    this.loops = loops;
    this.network = network;
    this.data = data;
    this.settings = settings;
    this.seed = 1;
    this.start = { script, engine, plans, parameters };
    this.listeners = /** @type {(() => void)[]} */ ([]);
    this.failed = (/** @type {string} */ _words) => {};
    this.reset();
  }

  /** Begin anew; another seed draws other first values. @param {number} [seed] */
  reset(seed = this.seed) {
    const { script, engine, plans, parameters } = this.start, size = this.network.size + 64;
    this.worker?.terminate();
    this.seed = seed;
    this.first = new Float32Array(size);
    this.first.set(parameters ?? firstParameters(this.network, generator(seed)));
    this.parameters = this.first.slice();
    [this.batches, this.tests, this.wrong, this.history] = [[], [], [], []];
    this.epoch = this.steps = this.speed = 0;
    this.running = this.measuring = this.due = false;
    this.asked.clear();
    const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    this.worker = new Worker(address);
    URL.revokeObjectURL(address);
    this.worker.addEventListener("message", event => this.hear(event.data));
    this.send({ kind: "start", code: engine, plans, parameters: this.parameters, images: this.data.bytes, labels: this.data.labels, count: this.data.count, places: this.network.places, settings: this.settings, seed });
    this.keep();
    this.tell();
  }

  /** @param {any} message */
  send(message) { this.worker?.postMessage(message); }

  /** @param {any} message */
  hear(message) {
    if (message.kind === "failed") this.failed(message.words);
    if (message.kind === "scores") {
      this.asked.get(message.ask)?.(message.scores);
      this.asked.delete(message.ask);
    }
    if (message.kind !== "trained") return;
    const epoch = this.epoch;
    this.batches.push(...message.batches);
    if (this.batches.length > MOST_BATCHES) this.batches = this.batches.filter((_, n) => n % 2 === 0);
    [this.parameters, this.epoch, this.steps, this.speed] = [message.parameters, message.epoch, message.steps, message.speed];
    this.keep();
    if (this.epoch > epoch || !message.running) this.measure();
    this.tell();
  }

  /** The first layer's filters now, for the replay; every other look goes when there are many. */
  keep() {
    const [, at, shape] = this.network.slots[0];
    this.history.push(this.parameters.slice(at, at + Math.min(4096, shape.reduce((a, b) => a * b, 1))));
    if (this.history.length > KEPT) this.history = this.history.filter((_, n) => n % 2 === 0);
  }

  tell() { for (const each of this.listeners) each(); }

  run() { [this.running] = [true]; this.send({ kind: "run" }); this.tell(); }
  pause() { [this.running] = [false]; this.send({ kind: "pause" }); this.tell(); }
  step() { if (!this.running) this.send({ kind: "step" }); }

  /** @param {TrainSettings} settings */
  set(settings) {
    this.settings = settings;
    this.send({ kind: "settings", settings });
  }

  /** Outputs for images, as the engine computes them. @param {ArrayBufferView} images @param {number} count @returns {Promise<Float32Array>} */
  scores(images, count) {
    const ask = Math.random();
    this.send({ kind: "scores", images, count, ask });
    return new Promise(resolve => this.asked.set(ask, resolve));
  }

  /** How many test images are right now, and which are most wrong. */
  async measure() {
    this.due = true;
    if (this.measuring) return;
    this.measuring = true;
    while (this.due) {
      this.due = false;
      await this.measureOnce();
    }
    this.measuring = false;
  }

  async measureOnce() {
    const { test, truth, tests, classes } = this.data, { figure, wrong } = judged(this.loops, this.network, await this.scores(test, tests), truth, tests, classes);
    this.wrong = wrong;
    this.tests.push(figure);
    this.tell();
  }
}
