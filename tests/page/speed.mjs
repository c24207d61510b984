// node speed.mjs WHAT SECONDS SCRIPT MODULE CASE: train LeNet on random images, and print images a second, inside batches only
//
// WHAT: page (minicnn's plan in the page's executor), convnetjs (one image at a time, an update every 64), tensorflow (tfjs, WebAssembly; one kernel that it lacks is made of its others).
// The packages are looked for where this is run: npm install convnetjs @tensorflow/tfjs @tensorflow/tfjs-backend-wasm
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const [what, seconds, script, module, known] = process.argv.slice(2);
const require = createRequire(`${process.cwd()}/`);
const BATCH = 64, IMAGES = 1024, PIXELS = 28 * 28;
let seed = 1;
const draw = most => { seed = (seed * 48271) % 2147483647; return seed % most; };
const bytes = Uint8Array.from({ length: IMAGES * PIXELS }, () => draw(256)), labels = Uint8Array.from({ length: IMAGES }, () => draw(10));

/** A function that trains on the batch of this number. */
const WHAT = {
  async page() {
    const { Machine, decoded } = await import(`${script}/memory.js`), { Program } = await import(`${script}/program.js`);
    const machine = await Machine.start(new Uint8Array(fs.readFileSync(module))), given = JSON.parse(fs.readFileSync(known, "utf8"));
    const plan = { ...given.plan, ...Object.fromEntries(["steps", "table", "phases"].map(each => [each, decoded(given.plan[each])])) };
    const parameters = machine.place(Float32Array.from(given.parameters)), images = machine.place(bytes), at = machine.take(8 * IMAGES);
    machine.integers(at, IMAGES).set(Array.from(labels, BigInt));
    const program = new Program(machine, plan, parameters);
    return n => program.run(Array.from({ length: BATCH }, (_, i) => n * BATCH + i), { images, labels: at, numbers: given.numbers }).loss / BATCH;
  },
  async convnetjs() {
    const convnetjs = require("convnetjs"), net = new convnetjs.Net();
    net.makeLayers([
      { type: "input", out_sx: 28, out_sy: 28, out_depth: 1 },
      { type: "conv", sx: 5, filters: 6, stride: 1, pad: 2, activation: "relu" }, { type: "pool", sx: 2, stride: 2 },
      { type: "conv", sx: 5, filters: 16, stride: 1, pad: 0, activation: "relu" }, { type: "pool", sx: 2, stride: 2 },
      { type: "fc", num_neurons: 120, activation: "relu" }, { type: "fc", num_neurons: 84, activation: "relu" }, { type: "softmax", num_classes: 10 },
    ]);
    const trainer = new convnetjs.SGDTrainer(net, { learning_rate: 0.01, momentum: 0.9, batch_size: BATCH, l2_decay: 0 }), x = new convnetjs.Vol(28, 28, 1, 0);
    return n => {
      let loss = 0;
      for (let i = n * BATCH; i < (n + 1) * BATCH; i++) {
        for (let at = 0; at < PIXELS; at++) x.w[at] = bytes[i * PIXELS + at] / 255 - 0.5;
        loss += trainer.train(x, labels[i]).loss;
      }
      return loss / BATCH;
    };
  },
  async tensorflow() {
    const tf = require("@tensorflow/tfjs"), wasm = require("@tensorflow/tfjs-backend-wasm");
    wasm.setWasmPaths(`${path.dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
    await tf.setBackend("wasm");
    await tf.ready();
    if (tf.getBackend() !== "wasm") throw new Error(`TensorFlow.js chose ${tf.getBackend()}`);
    // its WebAssembly back end has no gradient of a convolution's filter: with stride 1 that is a convolution of the images by dy, images summed
    tf.registerKernel({ kernelName: "Conv2DBackpropFilter", backendName: "wasm", kernelFunc: ({ inputs: { x, dy }, attrs: { pad, filterShape } }) => tf.tidy(() => {
      const ring = pad === "same" ? filterShape.slice(0, 2).map(taps => Array(2).fill((taps - 1) / 2)) : 0;
      return tf.transpose(tf.conv2d(tf.transpose(x, [3, 1, 2, 0]), tf.transpose(dy, [1, 2, 0, 3]), 1, ring && [[0, 0], ...ring, [0, 0]]), [1, 2, 0, 3]);
    }) });
    const conv = (filters, padding, given) => tf.layers.conv2d({ filters, kernelSize: 5, padding, activation: "relu", ...given });
    const dense = (units, activation) => tf.layers.dense({ units, activation }), pool = () => tf.layers.maxPooling2d({ poolSize: 2, strides: 2 });
    const net = tf.sequential({ layers: [
      conv(6, "same", { inputShape: [28, 28, 1] }), pool(), conv(16, "valid"), pool(), tf.layers.flatten(), dense(120, "relu"), dense(84, "relu"), dense(10, "softmax"),
    ] });
    net.compile({ optimizer: tf.train.momentum(0.01, 0.9), loss: "sparseCategoricalCrossentropy" });
    return async n => {
      const x = tf.tidy(() => tf.tensor4d(Float32Array.from(bytes.subarray(n * BATCH * PIXELS, (n + 1) * BATCH * PIXELS)), [BATCH, 28, 28, 1]).div(255).sub(0.5));
      const y = tf.tensor1d(Float32Array.from(labels.subarray(n * BATCH, (n + 1) * BATCH))), loss = await net.trainOnBatch(x, y);
      tf.dispose([x, y]);
      return loss;
    };
  },
};

const batch = await WHAT[what]();
const warm = performance.now() + 700; // until the engine has compiled what is hot
for (let n = 0; performance.now() < warm; n++) await batch(n % (IMAGES / BATCH));
let count = 0, spent = 0, loss = 0;
while (spent < 1000 * Number(seconds)) {
  const begin = performance.now();
  loss = await batch(count % (IMAGES / BATCH));
  spent += performance.now() - begin;
  count++;
}
if (!Number.isFinite(loss)) throw new Error(`${what} came to a loss of ${loss}`);
console.log(JSON.stringify(1000 * BATCH * count / spent));
