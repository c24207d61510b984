"""How fast LeNet trains in a page, beside others: batches of 64, images a second inside batches, on one core.

    npm install convnetjs@0.3.0 @tensorflow/tfjs @tensorflow/tfjs-backend-wasm
    python -m tests.page.speed [--turns 5] [--seconds 2] [FOLDER OF node_modules]

The page's executor runs in node; minicnn's own engine on four lanes, which is what WebAssembly has; ConvNetJS takes images one by one;
TensorFlow.js has its WebAssembly back end.  They take turns, each in a process of its own; medians over
turns are told, of ratios too.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import minicnn
from minicnn.page.modules import path
from minicnn.page.plan import FOUR_LANES

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SCRIPT = Path(minicnn.__file__).parent / "page" / "script"
NATIVE = """
import json, sys, time
import numpy as np
from minicnn import zoo
from minicnn.engine.objective import Objective
from minicnn.engine.plan import build_plan
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.optimizers import SGD
from minicnn.optimizers.update import Update
from minicnn.page.plan import page_plan
from minicnn.train.trainer import usual_loss
assert LANES == 4
case, seconds = sys.argv[1], float(sys.argv[2])
net, optimizer = zoo.build("lenet"), SGD(learning_rate=0.01, momentum=0.9)
loss = usual_loss(net)
purpose = {"training": True, "uint8": True, "scale": [1 / 255], "shift": [-0.5], "optimizer": optimizer, "objective": Objective(loss, loss.targets[0])}
numbers = Update.of(optimizer).numbers(1, 0.01)
size = net.topology.memory_size
parameters = np.zeros(size + 64, np.float32)
parameters[:size] = net.parameter_memory
if case != "-":
    made = page_plan(net, 64, **purpose)
    open(case, "w").write(json.dumps({"plan": made.to_json(), "parameters": parameters.tolist(), "numbers": dict(zip(made.numbers, numbers))}))
    sys.exit()
plan = build_plan(net.topology, size, 64, 1, **purpose)
drawn = np.random.default_rng(1)
images = drawn.integers(0, 256, (1024, *net.input_shape)).astype(np.uint8)
labels = drawn.integers(0, 10, 1024).astype(purpose["objective"].target(net.output_shape).dtype)
order = np.arange(1024)
def batch(n):
    plan.run(parameters, images, order[n * 64 : n * 64 + 64], 64, labels=labels, keys=np.array([n]), rates=np.array([numbers]))
for n in range(3):
    batch(n)
count = spent = 0
while spent < seconds:
    begin = time.perf_counter()
    batch(count % 16)
    spent += time.perf_counter() - begin
    count += 1
print(json.dumps(64 * count / spent))
"""
KINDS = ("page", "native", "convnetjs", "tensorflow")


def native(case, seconds):
    environment = {**os.environ, **FOUR_LANES, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-c", NATIVE, str(case), str(seconds)]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def in_node(kind, case, seconds, modules):
    command = ["node", HERE / "speed.mjs", kind, str(seconds), SCRIPT, path("engine"), case]
    run = subprocess.run(command, cwd=modules, capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(f"{kind}: {run.stderr.strip()[-600:]}")
    return run.stdout.splitlines()[-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="?", default=".", help="the folder that has node_modules")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    given = parser.parse_args()
    rates = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as folder:
        case = Path(folder) / "lenet.json"
        native(case, 0)
        for turn in range(given.turns):
            for kind in KINDS:
                told = native("-", given.seconds) if kind == "native" else in_node(kind, case, given.seconds, given.modules)
                rates[kind].append(json.loads(told))
            print(f"turn {turn + 1}: " + ", ".join(f"{kind} {each[-1]:,.0f}" for kind, each in rates.items()), flush=True)
    for kind, each in rates.items():
        ratio = statistics.median(page / other for page, other in zip(rates["page"], each, strict=True))
        print(f"{kind:10}  {statistics.median(each):9,.0f} images a second;  the page is {ratio:.2f} times as fast")


if __name__ == "__main__":
    main()
