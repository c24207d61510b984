// @ts-check
/** The user's own convolution: its three loops from a module of its own, its index map as a table. */
import { Machine, unpacked } from "./memory.js";
import { flat, tensor } from "./loops.js";

/**
 * As `variant_assets` in minicnn/page/variant.py makes it; shapes have four entries.
 * @typedef {{name: string, axes: number, input_shape: number[], output_shape: number[], taps: number[], weights: number, code: string, table: string, text: string}} VariantAssets
 */

const OUTPUTS = { variant_forward: "y", variant_backward_input: "dx", variant_backward_weight: "dweight" };

/** @param {import("./loops.js").Loops} loops @param {VariantAssets} own */
export async function takeIn(loops, own) {
  const machine = await Machine.start(await unpacked(own.code)), table = new Int32Array((await unpacked(own.table)).buffer);
  const shape = [...own.output_shape, ...own.taps], map = (/** @type {number[]} */ ...place) => table.subarray(5 * flat(shape, place), 5 * flat(shape, place) + 5);
  for (const [loop, output] of Object.entries(OUTPUTS)) {
    const known = loops.of(loop), stepping = loops.stepping[`${loop} ${output}`], text = own.text.split("\n");
    const described = { ...known, arguments: known.arguments.filter(([name]) => !["index_map", "taps"].includes(name)), text: [...known.text, "", ...text], lines: [...known.lines, 0, ...text.map(() => 0)] };
    loops.add(loop, described, machine, output, (place, ...given) => stepping(place, ...given, map, own.taps));
  }
}

/**
 * The call of the user's convolution in a direction.
 * @param {import("./loops.js").Loops} loops @param {VariantAssets} own @param {string} pass @param {import("./loops.js").Tensor} image @param {number[]} weights @param {number} bias
 * @returns {ReturnType<typeof import("./variants.js").callOf>}
 */
export function ownCall(loops, own, pass, image, weights, bias) {
  const x = { shape: [1, ...own.input_shape], data: image.data }, y = tensor([1, ...own.output_shape]), weight = tensor([own.weights], n => weights[n % weights.length]);
  const forward = { y, x, weight, bias: tensor([own.output_shape[0]], () => bias), dy: tensor(y.shape, () => 1), dx: tensor(x.shape), dweight: tensor(weight.shape) };
  loops.call("variant_forward", forward);
  const loop = `variant_${pass}`, output = OUTPUTS[/** @type {keyof typeof OUTPUTS} */ (loop)];
  if (pass !== "forward") loops.call(loop, forward);
  const reads = { forward: ["x", "weight"], backward_input: ["dy", "weight"], backward_weight: ["dy", "x"] }[pass] ?? [];
  return { loop, output, given: forward, reads, x, padded: x, y };
}
