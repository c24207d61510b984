"""A Trainer belongs to one thread: another that uses it at the same time is turned away."""

from __future__ import annotations

import threading

import numpy as np

from minicnn.errors import SettingError
from minicnn.train import Trainer


def in_another_thread(call):
    """What a call raises in a thread of its own, or None."""
    raised = [None]

    def run():
        try:
            call()
        except SettingError as error:
            raised[0] = error

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return raised[0]


def test_a_second_thread_is_turned_away_between_two_records(small_net, digits):
    trainer = Trainer(small_net(), batch_size=32)
    records = trainer.stream(digits, until_epoch=2)
    next(records)
    x = np.zeros((2, 1, 12, 12), np.float32)
    for call in (
        lambda: trainer.step(x, [0, 1]),
        lambda: trainer.fit(digits, epochs=1),
        lambda: trainer.stream(digits, until_epoch=1),
        lambda: trainer.evaluate(digits),
        lambda: trainer.predict(x),
        trainer.checkpoint,
        lambda: next(records),
    ):
        error = in_another_thread(call)
        assert str(error).startswith("another thread is using this Trainer, and one Trainer belongs to one thread\n"), call
    assert trainer.steps == 0


def test_a_second_thread_is_turned_away_in_the_middle_of_a_fit(small_net, digits):
    trainer, errors = Trainer(small_net(), batch_size=32), []
    trainer.fit(digits, epochs=1, progress=lambda record: errors.append(in_another_thread(lambda: trainer.fit(digits))))
    assert len(errors) > 2
    assert all(isinstance(error, SettingError) for error in errors)


def test_it_may_change_hands_when_it_rests(small_net, digits):
    trainer = Trainer(small_net(), batch_size=32)
    trainer.fit(digits, epochs=1)
    assert in_another_thread(lambda: trainer.fit(digits, epochs=1)) is None
    trainer.fit(digits, epochs=1)
    assert trainer.epoch == 4


def test_a_thread_that_has_ended_keeps_nothing(small_net, digits):
    trainer, kept = Trainer(small_net(), batch_size=32), []

    def leave():
        kept.append(trainer.stream(digits, until_epoch=2))
        next(kept[0])

    assert in_another_thread(leave) is None
    trainer.fit(digits, epochs=1)
    assert trainer.epoch == 2


def test_any_thread_may_ask_for_a_stop(small_net, digits):
    trainer = Trainer(small_net(), batch_size=32)
    history = trainer.fit(digits, epochs=50, progress=lambda record: in_another_thread(trainer.stop))
    assert (history.records, history.best, trainer.epoch) == ((), None, 1)


def test_one_thread_may_do_several_things_with_it(small_net, digits):
    trainer = Trainer(small_net(), batch_size=32)
    for _ in trainer.stream(digits, until_epoch=1):
        assert trainer.evaluate(digits).images == 300
        trainer.checkpoint()
