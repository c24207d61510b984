// @ts-check
/** Training beside the page: a worker holds the engine, its parameters and the data, and tells the page what becomes of them. */
import { Machine } from "./memory.js";
import { Program } from "./program.js";
import { generator } from "./network.js";

/**
 * What the page sends. `start`: everything; `settings`: rates and batch; `run`, `pause`, `step`; `scores`: outputs for images.
 * @typedef {{rates: Record<string, number>, optimizer: string, batch: number, dropout: number, shift: number}} TrainSettings
 * @typedef {{kind: "start", code: (Uint8Array | null)[], plans: Record<string, any>, parameters: Float32Array, images: ArrayBufferView, labels: Uint8Array | Float32Array, count: number, places: number, settings: TrainSettings, seed: number}} Start
 * places : answers for an image, 1 where it has one class
 * @typedef {Start | {kind: "settings", settings: TrainSettings} | {kind: "run" | "pause" | "step"} | {kind: "scores", images: ArrayBufferView, count: number, ask: number}} Message
 */

const post = (/** @type {any} */ message) => /** @type {any} */ (self).postMessage(message);
const SLICE = 40; // milliseconds of training between two looks at messages

class Training {
  /** @param {Start} start @param {Machine} machine */
  constructor(start, machine) {
    this.machine = machine;
    this.start = start;
    this.parameters = machine.place(start.parameters);
    this.images = machine.place(start.images);
    const kind = start.plans.adam.target[1];
    this.labels = machine.place(kind === "int64" ? BigInt64Array.from(start.labels, BigInt) : kind === "int32" ? Int32Array.from(start.labels) : start.labels);
    this.programs = /** @type {Record<string, Program>} */ ({});
    this.settings = start.settings;
    this.random = generator(start.seed);
    this.order = Array.from({ length: start.count }, (_, n) => n);
    this.at = this.steps = this.epoch = this.step = 0;
    this.spent = this.seen = 0;
    this.running = false;
    this.last = "";
  }

  /** @param {string} name */
  program(name) {
    this.programs[name] ??= new Program(this.machine, this.start.plans[name], this.parameters);
    return this.programs[name];
  }

  /** One batch; what it came to. */
  batch() {
    const { optimizer, batch, dropout, shift, rates } = this.settings, noisy = dropout > 0 || shift > 0, name = noisy && this.start.plans[`${optimizer} noisy`] ? `${optimizer} noisy` : optimizer;
    const program = this.program(name);
    if (this.last && this.last !== name) {
      const before = this.programs[this.last];
      if (before.state.length === program.state.length) program.state.set(before.state);
      else {
        program.state.fill(0);
        this.step = 0;
      }
    }
    this.last = name;
    if (noisy) program.dial({ rate: dropout, moves: shift });
    if (this.at === 0) for (let n = this.order.length - 1; n > 0; n--) {
      const other = Math.floor(this.random() * (n + 1));
      [this.order[n], this.order[other]] = [this.order[other], this.order[n]];
    }
    const part = this.order.slice(this.at, this.at + batch);
    const key = BigInt(Math.floor(this.random() * 2 ** 32)) << 20n | BigInt(this.steps);
    const { loss, right } = program.run(part, { images: this.images, labels: this.labels, numbers: { ...rates, step: ++this.step }, key, places: this.start.places });
    this.seen += part.length;
    this.steps++;
    this.at += batch;
    if (this.at >= this.order.length) [this.at, this.epoch] = [0, this.epoch + 1];
    const answers = part.length * this.start.places;
    return { loss: loss / answers, right: right / answers };
  }

  /** Batches until a time or the end of the epoch, one at least, and news of them; timed together: a browser's clock is coarse. @param {number} end */
  train(end) {
    const begin = performance.now(), epoch = this.epoch, batches = [this.batch()];
    while (performance.now() < end && this.epoch === epoch) batches.push(this.batch());
    this.spent += performance.now() - begin;
    this.tell(batches);
  }

  /** @param {{loss: number, right: number}[]} batches */
  tell(batches) {
    const parameters = this.machine.floats(this.parameters, this.start.parameters.length).slice();
    post({ kind: "trained", batches, parameters, epoch: this.epoch, steps: this.steps, speed: this.spent ? this.seen / this.spent * 1e3 : 0, running: this.running });
  }

  turn() {
    if (!this.running) return;
    const end = performance.now() + SLICE;
    this.train(end);
    setTimeout(() => this.turn(), Math.max(0, end - performance.now())); // an epoch that is shorter waits: its user wants to see it
  }

  /** Outputs for images, all at once. @param {ArrayBufferView} images @param {number} count */
  scores(images, count) {
    const program = this.program("scores"), before = this.machine.next, classes = this.start.plans.scores.outputs;
    const at = this.machine.place(images), output = this.machine.take(4 * classes * count), size = images.byteLength / count;
    for (let n = 0; n < count; n += program.plan.batch) {
      const part = Array.from({ length: Math.min(program.plan.batch, count - n) }, (_, i) => i);
      program.run(part, { images: at + n * size, output: output + 4 * classes * n });
    }
    const all = this.machine.floats(output, classes * count).slice();
    this.machine.next = before;
    return all;
  }
}

let training = /** @type {Training | null} */ (null);

/** @param {Message} data */
async function hear(data) {
  try {
    if (data.kind === "start") {
      const [engine, own] = data.code, machine = await Machine.start(/** @type {Uint8Array} */ (engine));
      if (own) await machine.extend(own);
      training = new Training(data, machine);
      return post({ kind: "ready" });
    }
    if (!training) return;
    if (data.kind === "settings") training.settings = data.settings;
    if (data.kind === "scores") post({ kind: "scores", scores: training.scores(data.images, data.count), ask: data.ask });
    if (data.kind === "pause" && training.running) {
      training.running = false;
      training.tell([]); // so that the weights it stops at are tested
    }
    if (data.kind === "step") training.train(0);
    if (data.kind === "run" && !training.running) {
      training.running = true;
      training.turn();
    }
  } catch (error) {
    if (training) training.running = false;
    post({ kind: "failed", words: error instanceof Error ? error.message : String(error) });
  }
}

let heard = Promise.resolve(); // messages one after another: the first takes a while
self.addEventListener("message", event => { heard = heard.then(() => hear(event.data)); });
