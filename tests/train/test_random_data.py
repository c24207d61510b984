"""Whatever arrays a user has: a result, or one clear error, at every door that data come in by."""

from __future__ import annotations

import numpy as np
import pytest

import minicnn
from minicnn import datasets
from minicnn import layers as L
from minicnn.errors import MinicnnError
from minicnn.train import Preparation, TrainedNetwork, Trainer, evaluate, examine, fit_picture, guesses, hold_out, intake

CALLS = 150  # of each door and seed
DTYPES = [*["u1", "f4"] * 5, "f8", "f2", "i8", "i1", "u2", "u8", "?", "c16", ">f4", ">i8", "O", "U1", "M8[s]"]
SHAPES = [*[(1, 12, 12)] * 8, (1, 8, 8), (12, 12), (3, 12, 12), (12, 12, 1), (1, 0, 8), (144,), (1, 2, 2, 2), ()]
NAMES = tuple("0123456789")


class Odd:
    """Arrays that are sometimes right."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def pick(self, *choices):
        return choices[self.rng.integers(len(choices))]

    def images(self):
        shape = (int(self.pick(0, 1, 7, 33)), *self.pick(*SHAPES))
        with np.errstate(all="ignore"):
            x = (self.rng.random(shape) * self.pick(1, 1, 1, 255, 1e30, -5)).astype("f4")
            x = np.zeros(shape, "M8[s]") if (kind := self.pick(*DTYPES)) == "M8[s]" else x.astype(kind)
        if x.dtype.kind == "f" and x.size and self.rng.random() < 0.2:
            x.flat[self.rng.integers(x.size)] = self.pick(np.nan, np.inf, -np.inf)
        forms = [lambda: x] * 8 + [
            x.tolist,
            lambda: np.asfortranarray(x),
            lambda: x[::-1],
            lambda: np.broadcast_to(x[:1], x.shape) if len(x) else x,
            lambda: None,
            lambda: "x",
            lambda: 3,
            lambda: [[1], [1, 2]],
        ]
        return self.pick(*forms)()

    def labels(self, x):
        count = len(x) if hasattr(x, "__len__") else 5
        y = self.rng.integers(0, int(self.pick(10, 10, 3, 1)), max(0, count + int(self.pick(0, 0, 0, 0, 1, -1))))
        if len(y) and self.rng.random() < 0.2:
            y[self.rng.integers(len(y))] = self.pick(-3, 10, 10**7, -(10**7), 2**62, -(2**63))
        forms = [lambda: y] * 8 + [
            y.tolist,
            lambda: y[:, None],
            lambda: np.eye(10)[y % 10],
            lambda: y.astype("u8"),
            lambda: y.astype(">i4"),
            lambda: y.astype("f4"),
            lambda: np.broadcast_to(np.int64(3), y.shape),
            lambda: y[::-1],
            lambda: None,
            lambda: "x",
            lambda: [[1], [1, 2]],
        ]
        return self.pick(*forms)()

    def data(self):
        x = self.images()
        y = self.labels(x)
        if self.rng.random() < 0.5:
            return self.pick((x, y), (x, y), [x, y], (x,), None)
        data = datasets.from_arrays(np.zeros((20, 1, 12, 12), self.pick("u1", "f4")), np.arange(20) % 10)
        odd = {
            "images": x,
            "labels": y,
            "classes": self.pick((), ("a", "b"), None, 5),
            "mean": self.pick((), (np.nan,), (1, 2), "x"),
            "std": self.pick((), (-1.0,), (1e-300,), None),
            "name": self.pick("n", None, 3),
        }
        for name in self.rng.choice(list(odd), size=self.rng.integers(3)):
            object.__setattr__(data, name, odd[name])  # past the guard of the frozen record
        return data


def fit(odd, trainer):
    trainer.fit(
        odd.data(),
        odd.pick(None, None, odd.data()),
        epochs=1,
        validation=odd.pick(None, None, 0.3, "x", odd.data()),
        augment=odd.pick((), "flip", "shift=3", "shift=12"),
        patience=odd.pick(None, None, 1),
    )


def stream(odd, trainer):
    data = odd.data()
    for _ in trainer.stream(data, until_epoch=2):
        if isinstance(data, datasets.Dataset):
            object.__setattr__(data, "labels", np.full(20, -(10**7)))


def step(odd, trainer):
    x = odd.images()
    trainer.step(x, odd.labels(x))


def backward(odd, trainer):
    x = odd.images()
    trainer.net.backward(x, odd.labels(x))


def measure(odd, trainer):
    x = odd.images()
    evaluate(trainer.net, x, odd.labels(x), Preparation((1, int(odd.pick(12, 12, 8)), 12), (0.5,), (0.2,), odd.pick(255.0, 1.0)))


def ask_trained(odd, trainer):
    trained = TrainedNetwork(trainer.net, Preparation((1, 12, 12), (0.5,), (0.2,), 255.0), NAMES, (1, 12, 12), "d", 1)
    data, x = odd.data(), odd.images()
    if isinstance(data, datasets.Dataset):
        examine(trained, data)
    if isinstance(x, np.ndarray) and len(x):
        guesses(trained, [fit_picture(trained, x[0], "x", bool(odd.pick(0, 1)))])


def restore(odd, trainer):
    arrays, numbers = trainer.checkpoint()
    name = odd.pick(*arrays)
    arrays[name] = odd.pick(np.zeros(3, np.float32), arrays[name].astype("f8"), arrays[name].ravel()[:1], arrays[name])
    numbers[odd.pick(*numbers)] = odd.pick(-1, 2**63, "x", None, 1.5, [], [{}])
    trainer.restore(arrays, numbers)


DOORS = {
    "fit": fit,
    "stream": stream,
    "step": step,
    "backward": backward,
    "evaluate": measure,
    "examine": ask_trained,
    "restore": restore,
    "trainer.evaluate": lambda odd, trainer: trainer.evaluate(odd.data()),
    "predict": lambda odd, trainer: trainer.predict(odd.images()),
    "forward": lambda odd, trainer: trainer.net.forward(odd.images()),
    "parameters": lambda odd, trainer: trainer.net.parameters.update({"fc1.bias": odd.pick(np.zeros(10), odd.images())}),
    "hold_out": lambda odd, trainer: hold_out(datasets.from_arrays(odd.images(), [0] * 7), odd.pick(0.5, 2, "x"), 0),
}


@pytest.mark.filterwarnings("ignore::minicnn.errors.LearningWarning")  # from noise nothing is learnt
@pytest.mark.parametrize("copied", [True, False], ids=["copied", "where they lie"])
@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_a_result_or_one_clear_error(door, copied, monkeypatch):
    if not copied:
        monkeypatch.setattr(intake, "COPY_BYTES", 0)
    odd = Odd(seed=int(copied))
    body = L.Sequential(L.Conv2D(3, 3), L.BatchNorm2D(), L.ReLU(), L.Flatten(), L.Linear(10))
    results = {"refused": 0, "taken": 0}
    for n in range(CALLS):
        trainer = Trainer(minicnn.Graph(body, (1, 12, 12), seed=n), batch_size=int(odd.pick(1, 7, 16)), threads=1)
        try:
            door(odd, trainer)
        except MinicnnError:
            results["refused"] += 1
        else:
            results["taken"] += 1
    assert min(results.values()) > 0, results
