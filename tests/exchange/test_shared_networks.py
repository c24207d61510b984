"""Networks of torchvision and timm with random weights: in, out again, and through ONNX."""

import os

import pytest

from tests.exchange.shared_networks import SHARED, measured

FULL = (
    os.environ.get("MINICNN_EXCHANGE_FULL") == "1"
)  # the networks as they are, one after the other: 11 GB of weights, some ten minutes of a core
SMALL = {  # one of each family, with pictures as small as it takes
    "torchvision-resnet18": (3, 64, 64),
    "torchvision-densenet121": (3, 64, 64),
    "torchvision-googlenet-torchvision": (3, 64, 64),
    "torchvision-alexnet-torchvision": None,
}
NETWORKS = {f"{naming.library}-{ours}": (naming, ours, theirs) for naming, ours, theirs in SHARED}


@pytest.mark.parametrize("name", list(NETWORKS) if FULL else list(SMALL))
def test_the_same_outputs_and_the_same_bits_back(tmp_path, name):
    ways = measured(*NETWORKS[name], tmp_path, None if FULL else SMALL[name])
    assert max(ways.loaded, ways.through_onnx, ways.exported) < ways.tolerance
    assert ways.equal
