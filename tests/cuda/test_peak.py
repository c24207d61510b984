"""The loop that measures a device's peak does nothing but multiply and add, as its PTX for two architectures shows."""

import re

import pytest
from numba import float32, int64

from minicnn.kernels.cuda.peak import MULTIPLY_ADDS, OPERATIONS_PER_ROUND


@pytest.mark.parametrize("cc", [(8, 0), (9, 0)])
def test_a_round_is_multiply_adds_on_registers(cc):
    ptx = MULTIPLY_ADDS.ptx((float32[::1], int64, float32, float32), cc)
    loops = re.findall(r"^(\$\w+):(.*?)bra\s+\1;", ptx, re.MULTILINE | re.DOTALL)
    bodies = [body for _, body in loops if body.count("fma.rn.f32") >= OPERATIONS_PER_ROUND // 2]
    assert bodies
    assert all(body.count("fma.rn.f32") % (OPERATIONS_PER_ROUND // 2) == 0 for body in bodies)
    assert not [body for body in bodies if re.search(r"\.(local|global|shared)", body)]
