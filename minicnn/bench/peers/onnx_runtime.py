"""ONNX Runtime as a peer: the network as ONNX, every optimization of its graph, the same number of threads, the shape known ahead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn.bench.peers.exchanged import as_file, imported, pieces
from minicnn.bench.protocol import Contestant

if TYPE_CHECKING:
    from minicnn.network import Graph


class OnnxRuntime:
    """Sessions on so many threads; a SettingError if it is not installed."""

    def __init__(self, threads: int) -> None:
        self._runtime, self._threads = imported("onnxruntime", "ONNX Runtime"), threads

    def forwards(self, net: Graph, images: np.ndarray) -> Iterator[Contestant]:
        """All images at once, and in pieces."""
        with as_file(net) as path:
            for size in pieces(len(images)):
                session = self._session(path, size)
                name = session.get_inputs()[0].name

                def call(session: Any = session, name: str = name, size: int = size) -> np.ndarray:
                    if size == len(images):
                        return session.run(None, {name: images})[0]  # type: ignore[no-any-return]
                    return np.concatenate([session.run(None, {name: images[n : n + size]})[0] for n in range(0, len(images), size)])

                yield Contestant("onnxruntime" + f" by {size}" * (size < len(images)), call)

    def _session(self, path: str, images: int) -> Any:
        options = self._runtime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self._threads, 1
        options.graph_optimization_level = self._runtime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.add_free_dimension_override_by_name("N", images)
        options.log_severity_level = 3
        return self._runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
