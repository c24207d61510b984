"""What a benchmark is measured on: the processors, or a CUDA device."""

from __future__ import annotations

from minicnn.bench.machine import measure_machine
from minicnn.bench.options import Options
from minicnn.bench.records import Machine


def measured(options: Options, whole: bool = True) -> Machine:
    """The machine that these options measure on, the processors or a device; `whole` with the versions of everything that takes part."""
    packages = tuple(each.removesuffix("-tf32") for each in options.against) if whole else ()
    if options.device == "cpu":
        return measure_machine(options.threads, packages)
    from minicnn.bench.device_machine import measure_device

    return measure_device(options.device, options.threads, packages, "torch-tf32" in options.against)
