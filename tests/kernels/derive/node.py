"""Written-out loops run in node: one process for many calls, arrays handed over bit by bit."""

import base64
import json
import subprocess

import numpy as np

from minicnn.kernels.derive import read
from minicnn.kernels.derive.grammar import read_function
from minicnn.kernels.derive.javascript import javascript
from minicnn.kernels.derive.source import plain

ARRAYS = {"float32": "Float32Array", "float64": "Float64Array", "int64": "Int32Array"}

RUN = """
const calls = JSON.parse(require("fs").readFileSync(process.argv[2]));
const made = ({array, shape, bits, text}) => {
  if (text) return kernels[text];
  const bytes = Uint8Array.from(Buffer.from(bits, "base64"));
  return {shape, data: new {Float32Array, Float64Array, Int32Array}[array](bytes.buffer)};
};
const results = calls.map(({name, count, given}) => {
  const all = given.map((each) => (each !== null && typeof each === "object" && !Array.isArray(each) ? made(each) : each));
  kernels[name](...all);
  return all.slice(0, count).map(({data}) => Buffer.from(data.buffer).toString("base64"));
});
console.log(JSON.stringify(results));
"""


def given(value):
    """An argument as JSON."""
    if isinstance(value, np.ndarray):
        data = value.astype(np.int32) if value.dtype == np.int64 else value
        bits = base64.b64encode(data.tobytes()).decode()
        return {"array": ARRAYS[str(value.dtype)], "shape": value.shape, "bits": bits}
    if callable(value):
        return {"text": plain(value).__name__}
    return value


def run(folder, calls):
    """Outputs of every call, a (function, outputs, inputs) each."""
    functions = {function for function, *_ in calls}
    handed = {each for _, _, inputs in calls for each in inputs if callable(each)}
    texts = {function: javascript(read(function)) for function in functions} | {each: javascript(read_function(each)) for each in handed}
    program = ["const kernels = {};"]
    for function, text in texts.items():
        name = plain(function).__name__
        program.append(f"kernels.{name} = (() => {{\n{text}return {name};\n}})();")
    (folder / "loops.js").write_text("\n".join([*program, RUN]))
    wanted = [
        {"name": plain(function).__name__, "count": len(outputs), "given": [given(each) for each in (*outputs, *inputs)]}
        for function, outputs, inputs in calls
    ]
    (folder / "calls.json").write_text(json.dumps(wanted))
    done = subprocess.run(["node", folder / "loops.js", folder / "calls.json"], capture_output=True, text=True, timeout=100)
    assert not done.returncode, done.stderr
    for (_, outputs, _), results in zip(calls, json.loads(done.stdout), strict=True):
        arrays = []
        for output, bits in zip(outputs, results, strict=True):
            dtype = np.int32 if output.dtype == np.int64 else output.dtype
            arrays.append(np.frombuffer(base64.b64decode(bits), dtype).reshape(output.shape).astype(output.dtype))
        yield arrays
