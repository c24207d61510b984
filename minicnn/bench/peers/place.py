"""Where PyTorch computes, and what a timed call of it returns."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Place(NamedTuple):
    """The processor, or a device by its name: "cuda:0"."""

    torch: Any
    device: str = "cpu"

    def tensor(self, array: np.ndarray) -> Any:
        """An array as a tensor there; on the processor the same memory."""
        return self.torch.from_numpy(array).to(self.device)

    def array(self, tensor: Any) -> np.ndarray:
        """A tensor as an array of the host; waits for a device."""
        return tensor.cpu().numpy()  # type: ignore[no-any-return]

    def result(self, tensor: Any) -> Any:
        """What a call returns that is timed without the way to the host."""
        return self.array(tensor) if self.device == "cpu" else tensor
