// @ts-check
/**
 * A plan of minicnn's engine, run step by step on one thread: what kernels/cpu/program/executor.py does on several.
 *
 * A step is a loop of the module; it finds everything by address: memory (activations, gradients, the optimizer's state), parameters,
 * table, its own arguments, and a frame, which says what differs from task to task.
 */
import { Machine } from "./memory.js";

const STEP_FIELDS = 64;
const SHARDS = 0, SLICES = 1; // kinds of phases; the third, parts of one shard's work, is what is left
const LAYOUT = ["shard", "slots", "arena_begin", "arena_size", "slot_begin", "slot_size", "per_shard"];

/**
 * As `PagePlan` in minicnn/page/plan.py, arrays as the bytes of int64.
 * @typedef {{steps: Uint8Array, table: Uint8Array, phases: Uint8Array, labels: string[], layout: number[], frame: string[], memory: number,
 *   state: [number, number, number], numbers: string[], batch: number, target: [string, string], outputs: number, dials?: [string, number, number, boolean][]}} Plan
 * Addresses in the module's memory, and the optimizer's numbers by name.
 * @typedef {{images: number, labels?: number, numbers?: Record<string, number>, key?: bigint, output?: number, places?: number}} Task; places: answers for an image, whose losses are averaged
 */

/** @param {Uint8Array} bytes */
const int64 = bytes => new BigInt64Array(bytes.slice().buffer);

export class Program {
  /** @param {Machine} machine @param {Plan} plan @param {number} parameters their address */
  constructor(machine, plan, parameters) {
    this.machine = machine;
    this.plan = plan;
    this.parameters = parameters;
    this.memory = machine.take(4 * plan.memory);
    machine.bytes(this.memory, 4 * plan.memory).fill(0); // an optimizer begins with zeros, and others may have been here before
    this.steps = machine.place(plan.steps);
    this.table = machine.place(plan.table);
    this.frame = machine.take(8 * plan.frame.length);
    this.order = machine.take(8 * plan.batch);
    this.rates = machine.take(8 * Math.max(1, plan.numbers.length));
    this.statistics = machine.take(16 * plan.batch);
    this.loops = plan.labels.map(label => machine.loops[label]);
    const missing = plan.labels.filter((_, n) => !this.loops[n]);
    if (missing.length) throw new Error(`the module has no ${[...new Set(missing)].join(", ")}`);
    /** @type {Record<string, number>} */
    this.at = Object.fromEntries(LAYOUT.map((name, n) => [name, plan.layout[n]]));
    const phases = [...int64(plan.phases)].map(Number);
    this.phases = Array.from({ length: phases.length / 4 }, (_, n) => phases.slice(4 * n, 4 * n + 4));
    this.field = Object.fromEntries(plan.frame.map((name, n) => [name, n]));
  }

  /**
   * Run the images of these numbers as one batch.
   * @param {ArrayLike<number>} order which images @param {Task} task @returns {{loss: number, right: number}} summed over them
   */
  run(order, task) {
    const { machine, plan, at } = this, count = order.length, shards = Math.ceil(count / at.shard), slots = Math.min(at.slots, shards);
    if (count < 1 || count > plan.batch) throw new Error(`a plan for up to ${plan.batch} images at a time cannot run ${count}`);
    const places = machine.integers(this.order, count);
    for (let n = 0; n < count; n++) places[n] = BigInt(order[n]);
    machine.doubles(this.rates, plan.numbers.length).set(plan.numbers.map(name => task.numbers?.[name] ?? NaN));
    machine.doubles(this.statistics, 2 * shards).fill(0);
    this.put({
      batch: count, order: this.order, rates: this.rates, statistics: this.statistics, output: task.output ?? 0,
      labels: task.labels ?? 0, input: task.images,
    });
    machine.integers(this.frame, plan.frame.length)[this.field.key] = task.key ?? 0n;
    machine.doubles(this.frame, plan.frame.length)[this.field.scale] = 1 / (count * (task.places ?? 1));
    for (const [kind, first, stop, parts] of this.phases) {
      if (kind === SLICES) {
        for (let part = 0; part < parts; part++) {
          this.put({ slot: at.slot_begin, count: slots, part, parts });
          this.walk(first, stop);
        }
        continue;
      }
      const split = kind === SHARDS ? 1 : parts, tasks = kind === SHARDS ? slots : shards * parts;
      for (let task = 0; task < tasks; task++) {
        const begin = Math.floor(task / split), end = kind === SHARDS ? shards : begin + 1, stride = kind === SHARDS ? at.slots : 1;
        for (let shard = begin; shard < end; shard += stride) {
          this.put({
            part: task % split, parts: split, slot: at.slot_begin + begin % at.slots * at.slot_size,
            arena: at.arena_begin + (at.per_shard ? shard : 0) * at.arena_size,
            first: shard * at.shard, count: Math.min(at.shard, count - shard * at.shard), accumulate: shard === begin ? 0 : 1,
          });
          this.walk(first, stop);
        }
      }
    }
    const sums = machine.doubles(this.statistics, 2 * shards);
    let loss = 0, right = 0;
    for (let shard = 0; shard < shards; shard++) {
      loss += sums[2 * shard];
      right += sums[2 * shard + 1];
    }
    return { loss, right };
  }

  /** Set fields of the frame. @param {Record<string, number>} values */
  put(values) {
    const frame = this.machine.integers(this.frame, this.plan.frame.length);
    for (const name in values) frame[this.field[name]] = BigInt(values[name]);
  }

  /** @param {number} first @param {number} stop */
  walk(first, stop) {
    for (let s = first; s < stop; s++) {
      const status = this.loops[s](this.memory, this.parameters, this.table, this.steps + 8 * (s * STEP_FIELDS + 1), this.frame);
      if (status) throw new Error(`the step ${this.plan.labels[s]} failed with status ${status}`);
    }
  }

  /** Set arguments of steps, such as the rate of dropout, by name. @param {Record<string, number>} values */
  dial(values) {
    for (const [name, step, column, real] of this.plan.dials ?? []) {
      if (values[name] === undefined) continue;
      const at = this.steps + 8 * (step * STEP_FIELDS + column);
      if (real) this.machine.doubles(at, 1)[0] = values[name];
      else this.machine.integers(at, 1)[0] = BigInt(values[name]);
    }
  }

  /** The optimizer's state, one row a kind: velocity, or mean and square. */
  get state() {
    const [begin, rows, length] = this.plan.state;
    return this.machine.floats(this.memory + 4 * begin, rows * length);
  }
}
