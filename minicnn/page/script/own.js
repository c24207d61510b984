// @ts-check
/** The user's own convolution: its three loops from a module of its own, its index map as a table. */
import { Machine, unpacked } from "./memory.js";
import { flat, tensor } from "./loops.js";

/**
 * As `variant_assets` in minicnn/page/build/variant.py makes it; shapes have four entries.
 * @typedef {{name: string, axes: number, input_shape: number[], output_shape: number[], taps: number[], weights: number, code: string, table: string, text: string, uses: Record<string, string>}} VariantAssets
 */

const OUTPUTS = { variant_forward: "y", variant_backward_input: "dx", variant_backward_weight: "dweight" };
let uses = /** @type {Record<string, import("./loops.js").Tensor>} */ ({}); // which outputs and inputs each weight meets

/** @param {import("./loops.js").Loops} loops @param {VariantAssets} own */
export async function takeIn(loops, own) {
  const machine = await Machine.start(await unpacked(own.code)), table = new Int32Array((await unpacked(own.table)).buffer);
  const shape = [...own.output_shape, ...own.taps], map = (/** @type {number[]} */ ...place) => table.subarray(5 * flat(shape, place), 5 * flat(shape, place) + 5);
  uses = Object.fromEntries(await Promise.all(Object.entries(own.uses).map(async ([name, data]) => {
    const numbers = new Int32Array((await unpacked(data)).buffer);
    return /** @type {[string, import("./loops.js").Tensor]} */ ([name, { shape: [numbers.length], data: numbers }]);
  })));
  for (const [loop, output] of Object.entries(OUTPUTS).slice(0, 2)) { // the third takes no function: it is among the textbook's
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
  const forward = { ...uses, y, x, weight, bias: tensor([own.output_shape[0]], () => bias), dy: tensor(y.shape, () => 1), dx: tensor(x.shape), dweight: tensor(weight.shape) };
  loops.call("variant_forward", forward);
  const loop = `variant_${pass}`, output = OUTPUTS[/** @type {keyof typeof OUTPUTS} */ (loop)];
  const flatly = (/** @type {import("./loops.js").Tensor} */ { shape, data }) => ({ shape: [1, data.length], data });
  const given = pass === "backward_weight" ? { ...forward, dy: flatly(forward.dy), x: flatly(x) } : forward; // its loop counts positions
  if (pass !== "forward") loops.call(loop, given);
  const reads = { forward: ["x", "weight"], backward_input: ["dy", "weight"], backward_weight: ["dy", "x"] }[pass] ?? [];
  return { loop, output, given, shown: forward, reads, x, padded: x, y };
}
