"""Loops that stop after every statement come to the number that the compiled loop stores, and add up what they say they add."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from minicnn.kernels import textbook
from minicnn.kernels.derive import read
from minicnn.kernels.derive.javascript.stepping import stepping

from ..textbook import cases
from . import node
from .test_javascript import LIBRARY

in_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed: apt-get install nodejs")

RUN = """
const made = ({array, shape, bits}) => {
  const bytes = Uint8Array.from(Buffer.from(bits, "base64"));
  return {shape, data: new {Float32Array, Float64Array, Int32Array}[array](bytes.buffer)};
};
const results = JSON.parse(require("fs").readFileSync(process.argv[2])).map(({name, given, place}) => {
  const all = given.map((each) => (each !== null && typeof each === "object" ? made(each) : each));
  let last = null, steps = 0;
  for (const [kind, line, letters, reads, value] of kernels[name](place, ...all)) {
    steps++;
    for (const [array, at, number] of reads) if (number === undefined && Math.min(...at) >= 0) throw Error(`${name}, line ${line}: ${array}[${at}]`);
    for (const letter in letters) if (letters[letter] === undefined) throw Error(`${name}, line ${line}: ${letter}`);
    if (kind === "store") last = value;
  }
  return [steps, last === null ? 0 : Number.isFinite(last) ? last : String(last)];  // without a step at the place it is cleared, to 0
});
console.log(JSON.stringify(results));
"""


@in_node
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_loop_at_some_places(tmp_path, dtype):
    """The first place of every output, the last, and one that is drawn."""
    drawn, program, wanted, expected = np.random.default_rng(0), ["const kernels = {};"], [], []
    for name, (outputs, inputs) in cases.calls(dtype, cases.AXES[dtype], cases.USUAL).items():
        definition = read(getattr(textbook, name))
        if definition.called:
            continue
        given = [*outputs, *inputs]
        before = [node.given(each) for each in given]
        getattr(textbook, name)(*given)
        for output in definition.outputs:
            array = given[definition.arguments.index(output)]
            if not definition.ranks[output]:  # places are counted
                array = array.reshape(-1)
            key = f"{name}_{output}"
            program.append(f"kernels.{key} = (() => {{\n{stepping(definition, output)}return {definition.name};\n}})();")
            for place in [(0,) * array.ndim, tuple(size - 1 for size in array.shape), tuple(map(int, drawn.integers(array.shape)))]:
                wanted.append({"name": key, "given": before, "place": place})
                expected.append((key, place, array[place]))
    (tmp_path / "loops.js").write_text("\n".join([*program, RUN]))
    (tmp_path / "calls.json").write_text(json.dumps(wanted))
    done = subprocess.run(["node", tmp_path / "loops.js", tmp_path / "calls.json"], capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    for (key, place, want), (steps, got) in zip(expected, json.loads(done.stdout), strict=True):
        assert steps or want == 0, f"{key} at {place} makes no step"
        if want.dtype.kind == "f" and any(word in key for word in LIBRARY):
            tolerance = float(4 * np.finfo(want.dtype).eps)
            np.testing.assert_allclose(float(got), want, rtol=tolerance, atol=tolerance, err_msg=f"{key} at {place}")
        else:
            np.testing.assert_equal(want.dtype.type(float(got)), want, err_msg=f"{key} at {place}")
