"""ONNX Runtime and OpenVINO as peers: equality first, one row for each way, and words where one is missing."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from minicnn import bench
from minicnn.bench import Options, networks
from minicnn.bench.equality import relative_error
from minicnn.bench.infer import peers_of
from minicnn.errors import SettingError

PEERS = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}


@pytest.mark.parametrize("peer", PEERS)
def test_the_peer_is_the_same_network(peer):
    pytest.importorskip(peer, reason=f"{PEERS[peer]} is the peer: pip install {peer}")
    net = networks.build("lenet-tiled")
    images = np.random.default_rng(0).standard_normal((200, *net.input_shape), dtype=np.float32)
    (forwards,) = peers_of(Options(1, (peer,)))
    found = list(forwards(net, images))
    assert [each.name for each in found] == [peer, f"{peer} by 100"]
    for each in found:
        assert relative_error(each.call(), net.forward(images)) < 5e-6


def test_rows_against_several_peers(torch, hasty):
    for peer in PEERS:
        pytest.importorskip(peer, reason=f"{PEERS[peer]} is the peer: pip install {peer}")
    (row,) = bench.run("infer", Options(1, ("torch", *PEERS), hasty, batches=(3,), quick=True))
    assert [each.name for each in row.timings] == ["minicnn", "torch", "torch channels_last", *PEERS]
    assert not row.wrong
    assert row.agreement is not None


def test_a_wrong_network_is_reported_and_not_timed(hasty, monkeypatch):
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is the peer: pip install onnxruntime")
    from minicnn.bench.peers import exchanged

    right = exchanged.write_onnx
    monkeypatch.setattr(exchanged, "write_onnx", lambda net, path: right(networks.build("lenet-tiled"), path))
    (row,) = bench.run("infer", Options(1, ("onnxruntime",), hasty, batches=(3,), quick=True))
    assert row.wrong
    assert all(not timing.turns for timing in row.timings)


@pytest.mark.parametrize("peer", PEERS)
def test_without_the_peer(peer, hasty, monkeypatch):
    real = importlib.import_module

    def without(name, *rest):
        if name == peer:
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(SettingError, match=f"a comparison with {peer} needs {PEERS[peer]}, which is not installed\n  pip install {peer}"):
        next(bench.run("infer", Options(1, (peer,), hasty, quick=True)))
