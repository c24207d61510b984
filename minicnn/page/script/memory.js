// @ts-check
/** A WebAssembly module with its memory, from which stretches are taken one after the other and never given back. */

/** What loops take from JavaScript; `f` functions are those of float32. @type {Record<string, (...numbers: number[]) => number>} */
export const LIBRARY = {
  exp: Math.exp, log: Math.log, log1p: Math.log1p, pow: Math.pow, tanh: Math.tanh, sin: Math.sin, cos: Math.cos,
  expf: x => Math.fround(Math.exp(x)), logf: x => Math.fround(Math.log(x)), powf: (x, y) => Math.fround(Math.pow(x, y)),
  tanhf: x => Math.fround(Math.tanh(x)), sinf: x => Math.fround(Math.sin(x)), cosf: x => Math.fround(Math.cos(x)),
};

const PAGE = 65536;

export class Machine {
  /** @param {WebAssembly.Exports} exports */
  constructor(exports) {
    /** @type {Record<string, (...numbers: number[]) => number>} */
    this.loops = /** @type {any} */ ({ ...exports });
    this.memory = /** @type {WebAssembly.Memory} */ (exports.memory);
    this.next = /** @type {WebAssembly.Global} */ (exports.__heap_base).value;
  }

  /** @param {Uint8Array} code @returns {Promise<Machine>} */
  static async start(code) {
    const { instance } = await WebAssembly.instantiate(/** @type {BufferSource} */ (code), { env: LIBRARY });
    return new Machine(instance.exports);
  }

  /** Take in the loops of a module that lies in this memory, behind what is there; before anything is taken. @param {Uint8Array} code */
  async extend(code) {
    this.memory.grow(Math.ceil((code.length + 4 * PAGE) / PAGE));
    const { instance } = await WebAssembly.instantiate(/** @type {BufferSource} */ (code), { env: { ...LIBRARY, memory: this.memory } });
    this.next = /** @type {WebAssembly.Global} */ (instance.exports.__heap_base).value;
    Object.assign(this.loops, instance.exports);
  }

  /** Room for so many bytes, all zero; vectors may read a little beyond its end. @param {number} bytes @returns {number} its address */
  take(bytes) {
    const at = this.next + 63 & ~63;
    this.next = at + bytes + 128;
    const missing = this.next - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE));
    return at;
  }

  // Views last until memory grows: they are made anew for each use.
  /** @param {number} at @param {number} count */
  bytes(at, count) { return new Uint8Array(this.memory.buffer, at, count); }
  /** @param {number} at @param {number} count */
  floats(at, count) { return new Float32Array(this.memory.buffer, at, count); }
  /** @param {number} at @param {number} count */
  doubles(at, count) { return new Float64Array(this.memory.buffer, at, count); }
  /** @param {number} at @param {number} count */
  integers(at, count) { return new BigInt64Array(this.memory.buffer, at, count); }

  /** A copy of a typed array in this memory. @param {ArrayBufferView} array @returns {number} its address */
  place(array) {
    const at = this.take(array.byteLength);
    this.bytes(at, array.byteLength).set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return at;
  }
}

/** The bytes of base64. @param {string} text */
export const decoded = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));

/** What `packed` in minicnn/page made: base64 of deflated bytes. @param {string} text @returns {Promise<Uint8Array>} */
export async function unpacked(text) {
  const stream = new Blob([decoded(text)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
