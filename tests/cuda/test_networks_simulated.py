"""Networks on a device, in Numba's simulator: steps, answers and whole trainings equal the CPU's to rounding, masks to the bit."""

import pytest

from . import networks_simulated
from .test_derived_simulated import run_simulated


# ResNet-20 takes 100 seconds, and is run as blocks in test_networks_as_blocks.py
@pytest.mark.parametrize("part", [part for part in networks_simulated.PARTS if networks_simulated.FULL or part != "resnet20"])
def test_a_network_on_a_device_equals_that_on_the_cpu(part):
    assert run_simulated(networks_simulated.__file__, part)
