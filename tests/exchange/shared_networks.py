"""Every network that a library and the zoo share: its weights in, out again, and through ONNX, with the largest error of each way.

    python -m tests.exchange.shared_networks

prints the table of docs/reference/exchange.md, network by network.
"""

import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minicnn import zoo
from minicnn.exchange.convert import write_network
from minicnn.exchange.onnx import read_onnx, write_onnx
from minicnn.exchange.weights import NAMINGS
from tests.exchange import torch_networks
from tests.exchange.models import run
from tests.exchange.torch_networks import randomized, torch

SHARED = [(naming, ours, theirs) for naming in NAMINGS for ours, theirs in naming.networks.items()]
TOLERANCE, DEEP_TOLERANCE, DEEP = 1e-5, 1e-4, 100  # of the largest output; the second from 100 layers on


class Ways(NamedTuple):
    """How far a network of a library comes.  Errors are of the outputs, relative to the largest that the library's own network has.

    layers : convolutions and fully connected layers, those of shortcuts among them
    loaded : its weights in our network
    through_onnx : that network as an ONNX file, in onnxruntime
    exported : the ONNX file that PyTorch writes, read here
    equal : whether all arrays come back with the same bits: from .pth and .safetensors under the library's names, from both ONNX files
    """

    name: str
    layers: int
    loaded: float
    through_onnx: float
    exported: float
    equal: bool

    @property
    def tolerance(self) -> float:
        return DEEP_TOLERANCE if self.layers >= DEEP else TOLERANCE


def measured(naming, ours, theirs, folder, input_shape=None) -> Ways:
    """Take a network with random weights along all ways; nothing stays in the folder."""
    module = randomized(torch_networks.build(naming.library, theirs))
    net = zoo.build(ours, input_shape=input_shape)
    x = np.random.default_rng(0).standard_normal((1, *net.input_shape), dtype=np.float32)
    with torch.inference_mode():
        wanted = module(torch.from_numpy(x)).numpy()
    assert np.isfinite(wanted).all()
    largest = np.abs(wanted).max()
    assert largest > 0

    def error(outputs) -> float:
        return float(np.abs(outputs - wanted).max() / largest)

    theirs_now = {name: value for name, value in module.state_dict().items() if counted(name, naming)}
    with file(folder / "in.pth") as path:
        torch.save(module.state_dict(), path)
        net.load_weights(path)
    loaded = error(net.forward(x))
    with file(folder / "exported.onnx") as path:
        export(module, x, path)
        read = read_onnx(path)
    exported = error(read.forward(x))
    equal = same(as_exported(read.arrays), as_exported(theirs_now))
    del read
    for end, read in ((".pth", lambda path: torch.load(path, weights_only=True)), (".safetensors", from_safetensors)):
        with file(folder / f"out{end}") as path:
            write_network(net, path, names=naming.library)
            back = read(path)
        equal &= same(back, theirs_now)
        del back
    with file(folder / "out.onnx") as path:
        write_onnx(net, path)
        (outputs,) = run(path, x)
        again = read_onnx(path).arrays
    equal &= same(again, net.arrays)
    layers = sum(len(slot.shape) > 1 for slot in net.slots)
    return Ways(f"{naming.library} {theirs}", layers, loaded, error(outputs), exported, equal)


def same(arrays, wanted) -> bool:
    """Whether two dicts hold the same bits under the same names."""
    return arrays.keys() == wanted.keys() and all(np.array_equal(np.asarray(arrays[name]), np.asarray(wanted[name])) for name in wanted)


def as_exported(arrays):
    """Under names without dots: a layer that was read from ONNX is called after its weights in the file."""
    return {name.replace(".", "_"): value for name, value in arrays.items()}


def counted(name, naming) -> bool:
    """Whether an array has a counterpart here: auxiliary classifiers and counts of batches have none."""
    return not name.endswith("num_batches_tracked") and not name.startswith(naming.left_out or "\0")


def from_safetensors(path):
    from safetensors.torch import load_file

    return load_file(path)


def export(module, x, path) -> None:
    """As PyTorch writes it, batch normalization left as nodes of their own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of PyTorch's, for the exporter that needs no further package
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # timm's VGG asks for the size of its maps
        as_it_is = {"do_constant_folding": False, "training": torch.onnx.TrainingMode.PRESERVE}
        torch.onnx.export(module, (torch.from_numpy(x),), path, dynamo=False, **as_it_is)


@contextmanager
def file(path):
    """No file there at the end: together they would have 57 GB."""
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def line(ways) -> str:
    errors = " | ".join(f"{each:.1e}" for each in (ways.loaded, ways.through_onnx, ways.exported))
    return f"| {ways.name} | {ways.layers} | {errors} | {'yes' if ways.equal else 'no'} |"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for naming, ours, theirs in SHARED:
            print(line(measured(naming, ours, theirs, Path(folder))), flush=True)
