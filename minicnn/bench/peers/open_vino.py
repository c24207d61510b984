"""OpenVINO as a peer: the network as ONNX, compiled for images of one shape, in float32, for the least latency on the same number of threads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn.bench.peers.exchanged import as_file, imported, pieces
from minicnn.bench.protocol import Contestant

if TYPE_CHECKING:
    from minicnn.network import Graph


class OpenVino:
    """Compiled models on so many threads; a SettingError if it is not installed."""

    def __init__(self, threads: int) -> None:
        self._core = imported("openvino", "OpenVINO").Core()
        self._settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}

    def forwards(self, net: Graph, images: np.ndarray) -> Iterator[Contestant]:
        """All images at once, and in pieces."""
        with as_file(net) as path:
            for size in pieces(len(images)):
                request = self._request(path, (size, *images.shape[1:]))

                def call(request: Any = request, size: int = size) -> np.ndarray:
                    if size == len(images):
                        return _output(request, images)
                    return np.concatenate([_output(request, images[n : n + size]).copy() for n in range(0, len(images), size)])

                yield Contestant("openvino" + f" by {size}" * (size < len(images)), call)

    def _request(self, path: str, shape: tuple[int, ...]) -> Any:
        model = self._core.read_model(path)
        model.reshape(list(shape))
        return self._core.compile_model(model, "CPU", self._settings).create_infer_request()


def _output(request: Any, images: np.ndarray) -> np.ndarray:
    """The answer, which lies where the next one will: neither images nor answer are copied."""
    return request.infer([images], share_inputs=True, share_outputs=True)[0]  # type: ignore[no-any-return]
