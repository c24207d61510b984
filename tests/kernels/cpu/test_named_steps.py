"""A step's arguments have names: what a program is given for a step is what the step declared, and compiled loops read it so."""

from typing import NamedTuple

import numpy as np
import pytest

from minicnn.errors import SettingError
from minicnn.kernels.cpu.program import crew, executor
from minicnn.kernels.cpu.program.program import SPLIT, Place, Program
from minicnn.kernels.machine_code.compile import step
from minicnn.kernels.machine_code.records import values

LAYOUT = executor.Layout(1, 1, 0, 0, 0, 0, 0)


class Stretch(NamedTuple):
    place: int
    count: int


@step("first", stretch=Stretch, factor=float)
def write_named(memory, parameters, table, a, frame):
    stretch = values(Stretch, a.stretch)
    for i in range(stretch.count):
        memory[stretch.place + i] = (a.first + i) * a.factor + frame.batch


def test_named_fields_reach_the_loop():
    program, memory = Program(), np.zeros(16, np.float32)
    place = Place(program.buffer(4), 2)
    program.step(write_named, first=5, factor=0.5, stretch=Stretch(place, 3))
    program.close_phase(SPLIT, 1)
    jobs = np.zeros((1, executor.JOB_FIELDS), np.int64)
    jobs[:, executor.JOB_IMAGES] = 1
    crew.run(1, program.finish(), memory, np.zeros(1, np.float32), jobs, np.zeros(1, np.int64), LAYOUT)
    np.testing.assert_array_equal(memory[:6], [0, 0, 3.5, 4, 4.5, 0])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"first": 1, "factor": 1.0}, "step write_named lacks stretch"),
        ({"first": 1, "factor": 1.0, "stretch": Stretch(0, 1), "last": 2}, "step write_named has no field last"),
        ({"fist": 1, "factor": 1.0, "stretch": Stretch(0, 1)}, "step write_named has no field fist and lacks first"),
        ({"first": 1, "factor": 1.0, "stretch": (0, 1)}, "step write_named: stretch is a tuple, not a Stretch"),
    ],
)
def test_a_wrong_name_is_told_when_the_program_is_built(fields, words):
    with pytest.raises(SettingError, match=f"^{words}"):
        Program().step(write_named, **fields)
