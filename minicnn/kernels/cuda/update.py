"""An optimizer's loop over all parameters, its numbers read from the run's on the device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from minicnn.kernels.cuda.derived import Binding, append_loop
from minicnn.kernels.cuda.launches import Handle, Launches
from minicnn.kernels.derive.kinds import FLOAT64

if TYPE_CHECKING:
    from minicnn.optimizers import Optimizer


def append_update(
    launches: Launches, optimizer: Optimizer, weight: Handle, gradient: Handle, states: Mapping[str, Handle], rates: Handle, job: Handle
) -> None:
    """One step of an optimizer: what stands before its loop in float64, the loop in float32.

    weight : (P,) float32, updated
    gradient : (P,) float32
    states : (P,) float32 each, updated; by the names that the optimizer has for what it remembers
    rates : (batches, numbers) float64: the optimizer's numbers, in its order
    job : (1,) integers: which batch of the run it is
    """
    reads = {"rates": rates, "job": job}
    bindings = {name: Binding(f"rates[job[0], {n}]", reads, FLOAT64) for n, name in enumerate(optimizer.number_names)}
    append_loop(launches, type(optimizer).update, {"weight": weight, "gradient": gradient, **states}, single=True, bindings=bindings)
