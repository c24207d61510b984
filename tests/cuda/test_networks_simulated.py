"""Networks on a device, in Numba's simulator: steps, answers and whole trainings equal the CPU's to rounding, masks to the bit."""

import pytest

from . import networks_simulated
from .test_derived_simulated import run_simulated

# LeNet takes 60 seconds and ResNet-20 100; a step of one is run as PTX in test_ptx_networks.py, the other in test_networks_as_blocks.py
LONG = () if networks_simulated.FULL else ("lenet", "resnet20")


@pytest.mark.parametrize("part", [part for part in networks_simulated.PARTS if part not in LONG])
def test_a_network_on_a_device_equals_that_on_the_cpu(part):
    assert run_simulated(networks_simulated.__file__, part)
