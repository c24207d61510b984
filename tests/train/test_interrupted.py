"""Training that an exception breaks off goes on where it was, batch for batch."""

import signal

import numpy as np
import pytest

from minicnn import datasets, zoo
from minicnn.train import Trainer

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timer that sends signals")


class InterruptError(Exception):
    pass


@pytest.fixture
def interrupts():
    """Raises every 30 ms of this process, where compiled code is running: elsewhere Python code may be half way through a line."""
    raised = []

    def interrupt(_, frame):
        if frame.f_code.co_filename.endswith("crew.py") and frame.f_code.co_name == "run":
            raised.append(True)
            raise InterruptError

    before = signal.signal(signal.SIGPROF, interrupt)
    signal.setitimer(signal.ITIMER_PROF, 0.03, 0.03)
    yield raised
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, before)


def trained(epochs, data):
    """The records' epochs, and the parameters, of a network that goes on after every interrupt."""
    trainer = Trainer(zoo.build("lenet", classes=10), batch_size=32, threads=2)
    while trainer.epoch <= epochs:
        try:
            for _ in trainer.stream(data, until_epoch=epochs):
                pass
        except InterruptError:
            continue
    return [record.train_loss for record in trainer.history], trainer.net.parameter_memory, trainer.steps


def test_what_interrupts_break_off_ends_with_the_same_bits(request):
    digits = datasets.load("digits")
    data = digits.subset(np.tile(np.arange(len(digits)), 12))  # an epoch of many times the milliseconds between two looks for signals
    losses, parameters, steps = trained(3, data)
    raised = request.getfixturevalue("interrupts")
    again = trained(3, data)
    assert raised
    assert (again[0], again[2]) == (losses, steps)
    np.testing.assert_array_equal(again[1], parameters)
