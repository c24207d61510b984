// @ts-check
/** Weights as a safetensors file that `minicnn evaluate` reads, and back. */

/** @typedef {import("./network.js").NetworkAssets} NetworkAssets */

/** @param {NetworkAssets} network @param {Float32Array} parameters @param {number} epoch @returns {ArrayBuffer} */
export function written(network, parameters, epoch) {
  let end = 0;
  const entries = /** @type {Record<string, any>} */ ({ __metadata__: { ...network.metadata, epoch: JSON.stringify(epoch) } }), parts = /** @type {Float32Array[]} */ ([]);
  for (const [name, at, shape] of network.slots) {
    const size = shape.reduce((a, b) => a * b, 1);
    entries[name] = { dtype: "F32", shape, data_offsets: [end, end += 4 * size] };
    parts.push(parameters.subarray(at, at + size));
  }
  const words = JSON.stringify(entries), header = new TextEncoder().encode(words.padEnd(words.length + (8 - new TextEncoder().encode(words).length % 8) % 8, " "));
  const file = new Uint8Array(8 + header.length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(header, 8);
  let place = 8 + header.length;
  for (const part of parts) {
    file.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), place);
    place += part.byteLength;
  }
  return file.buffer;
}

/** The parameters in a file; an Error that says what does not fit. @param {NetworkAssets} network @param {ArrayBuffer} file @returns {Float32Array} */
export function parsed(network, file) {
  const fault = (/** @type {string} */ words) => new Error(`this file does not hold the weights of ${network.name}: ${words}`);
  if (file.byteLength < 8) throw fault("it is too short");
  const length = Number(new DataView(file).getBigUint64(0, true));
  if (length > file.byteLength - 8) throw fault("it is cut, or no safetensors file");
  /** @type {Record<string, any>} */
  let header;
  try {
    header = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 8, length)));
    if (Object(header) !== header) throw new TypeError("no table");
  } catch {
    throw fault("it is no safetensors file");
  }
  const parameters = new Float32Array(network.size + 64);
  for (const [name, at, shape] of network.slots) {
    const entry = header[name], size = shape.reduce((a, b) => a * b, 1);
    if (!entry) throw fault(`it has no ${name}`);
    if (entry.dtype !== "F32" || String(entry.shape) !== String(shape)) throw fault(`${name} is ${entry.dtype} ${[entry.shape].flat().join(" x ")}, not F32 ${shape.join(" x ")}`);
    if (!Array.isArray(entry.data_offsets)) throw fault(`${name} does not say where it is`);
    const [begin, end] = entry.data_offsets;
    if (end - begin !== 4 * size || 8 + length + end > file.byteLength) throw fault(`${name} is cut`);
    parameters.set(new Float32Array(file.slice(8 + length + begin, 8 + length + end)), at);
  }
  return parameters;
}
