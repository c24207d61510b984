"""A loss of one's own as a function on NumPy arrays: y and target in, the loss and its derivative by y out."""

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.errors import CheckpointError, SettingError
from minicnn.losses import FunctionLoss, MeanSquaredError, SoftmaxCrossEntropy
from minicnn.optimizers import SGD

RNG = np.random.default_rng(0)
IMAGES = 37
X = RNG.normal(size=(IMAGES, 1, 6, 6)).astype(np.float32)
NUMBERS = np.stack([X.mean((1, 2, 3)), X[:, 0, 0, 0], X[:, 0, 3, 3]], axis=1)
CLASSES = (X[:, 0, 2, 2] > 0).astype(np.int64) + (X[:, 0, 3, 3] > 0)


def noisy(outputs=3):
    """Dropout, batch norm and a rectifier: a network whose training mode is another one in each pass that draws anew."""
    block = L.Sequential(L.Conv2D(6, 3), L.BatchNorm2D(), L.ReLU(), L.Flatten(), L.Dropout(0.4), L.Linear(outputs))
    return minicnn.Graph(block, (1, 6, 6), seed=1)


def squares(y, target):
    """The loss of each image, as `MeanSquaredError` has it."""
    return ((y - target) ** 2).mean(axis=1), 2 * (y - target) / y.shape[1]


def mean_square(y, target):
    """The same as one number."""
    return np.mean((y - target) ** 2), 2 * (y - target) / y.size


def cross_entropy(y, target):
    p = np.exp(y - y.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    rows = np.arange(len(y))
    losses = -np.log(p[rows, target])
    p[rows, target] -= 1
    return losses.mean(), p / len(y)


KNOWN = {
    "of each image": (squares, MeanSquaredError(), NUMBERS),
    "one number": (mean_square, MeanSquaredError(), NUMBERS),
    "classes": (cross_entropy, SoftmaxCrossEntropy(), CLASSES),
}
known = pytest.mark.parametrize(("function", "loss", "labels"), KNOWN.values(), ids=KNOWN)


@known
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_are_those_of_the_same_loss_as_two_loops(function, loss, labels, dtype):
    net = noisy()
    value, gradients = net.backward(X.astype(dtype), labels, loss=function)
    wanted, exact = net.backward(X.astype(dtype), labels, loss=loss)
    assert value == pytest.approx(wanted, rel=1e-6)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, exact[name], rtol=0, atol=1e-6 * max(1, np.abs(exact[name]).max()), err_msg=name)


@known
def test_it_trains_as_the_same_loss_does(function, loss, labels):
    """Augmentation, dropout, statistics of the batch, running ones, momentum: all but rounding is that of one pass."""
    found = []
    for each in (function, loss):
        net = noisy()
        trainer = minicnn.Trainer(net, SGD(0.05), each, batch_size=16, accumulate=2, ema=0.9)
        history = trainer.fit((X, labels), (X, labels), epochs=3, augment="shift=1,brightness", progress=False)
        found.append((dict(net.arrays), [(record.train_loss, record.loss) for record in history.records], trainer.steps))
    (own, losses, steps), (wanted, exact, many) = found
    assert steps == many
    np.testing.assert_allclose(losses, exact, rtol=1e-4)
    for name, value in own.items():
        np.testing.assert_allclose(value, wanted[name], atol=1e-4 * max(1, np.abs(wanted[name]).max()), err_msg=name)


def trained(threads, stop_after=None):
    trainer = minicnn.Trainer(noisy(), SGD(0.05), squares, batch_size=16, threads=threads, seed=4)
    for record in trainer.stream((X, NUMBERS), until_epoch=2 if stop_after else 3, augment="shift=1"):
        del record
    if stop_after:
        kept = trainer.checkpoint()
        trained_on = trainer.net.trained_on
        trainer = minicnn.Trainer(noisy(), SGD(0.05), FunctionLoss(function=squares), batch_size=16, threads=threads, seed=4)
        trainer.net.trained_on = trained_on
        trainer.restore(*kept)
        list(trainer.stream((X, NUMBERS), until_epoch=3, augment="shift=1"))
    return trainer.net.parameter_memory.tobytes()


def test_any_number_of_threads_and_a_resumed_training_have_the_same_bits():
    one = trained(1)
    assert trained(2) == trained(3) == one
    assert trained(2, stop_after=2) == one


def test_a_step_is_an_update_of_that_loss():
    records = []
    for each in (mean_square, MeanSquaredError()):
        trainer = minicnn.Trainer(noisy(), SGD(0.05), each, seed=2)
        records.append([trainer.step(X, NUMBERS)[:3] for _ in range(3)])
    np.testing.assert_allclose([each[0] for each in records[0]], [each[0] for each in records[1]], rtol=1e-5)
    assert {each[1:] for each in records[0]} == {(None, IMAGES)}


def test_the_function_cannot_change_what_it_is_given():
    def greedy(y, target):
        losses = squares(y, target)
        y[...] = 0
        target[...] = 0
        return losses

    net = noisy()
    wanted = net.backward(X, NUMBERS, loss=squares)
    assert net.backward(X, NUMBERS, loss=greedy)[0] == wanted[0]
    assert net.backward(X, NUMBERS, loss=squares)[0] == wanted[0]


WRONG = {
    "no pair": (lambda y, t: 1.0, r"the loss <lambda> must return a pair \(loss, dy\), but returned '1.0'\n  loss  a number, or \(37,\)"),
    "losses": (lambda y, t: (np.zeros(3), y), r"the loss <lambda> gives losses of the shape \(3,\), but there are 37 images\n"),
    "dy": (lambda y, t: (0.0, y[:, 0]), r"the loss <lambda> gives dy of the shape \(37,\), but y has \(37, 3\)$"),
    "complex": (lambda y, t: (1j, y), r"the loss <lambda> gives a loss of complex128, but must give real numbers$"),
    "ragged": (lambda y, t: ([[1], [1, 2]], y), r"the loss <lambda> gives a loss that is no array: "),
    "NaN": (lambda y, t: (0.0, y / 0 * 0), r"the loss <lambda> gives a dy that is NaN or infinite, though all of y is finite$"),
    "infinite": (lambda y, t: (np.inf, y), r"the loss <lambda> gives a loss that is NaN or infinite, "),
}


@pytest.mark.parametrize(("function", "message"), WRONG.values(), ids=WRONG)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_what_a_function_says_is_checked(function, message):
    net = noisy()
    with pytest.raises((SettingError, minicnn.errors.ShapeError), match=f"^{message}"):
        net.backward(X, NUMBERS, loss=function)


def test_a_class_is_no_loss():
    with pytest.raises(SettingError, match=r"^Trainer: loss is the class MeanSquaredError, .*: MeanSquaredError\(\)$"):
        minicnn.Trainer(noisy(), loss=MeanSquaredError)
    with pytest.raises(SettingError, match=r"^backward: loss is 'squares', but must be one of minicnn.losses, .* or a function\n"):
        noisy().backward(X, NUMBERS, loss="squares")


def test_its_own_exceptions_are_its_own_and_leave_the_batch_undone():
    def fails(y, target):
        if len(seen) == 3:
            raise ZeroDivisionError
        seen.append(len(y))
        return squares(y, target)

    seen = []
    trainer = minicnn.Trainer(noisy(), SGD(0.05), fails, batch_size=8)
    with pytest.raises(ZeroDivisionError):
        trainer.fit((X, NUMBERS), epochs=1, progress=False)
    assert (trainer.steps, trainer.batch) == (3, 3)


def test_what_needs_two_loops_says_so():
    maps = minicnn.Graph(L.Sequential(L.Conv2D(2, 3, padding=1)), (1, 6, 6))
    trainer, masks = minicnn.Trainer(maps, loss=squares), (X, (X[:, 0] > 0).astype(int))
    for words, start in (
        ("mixup", "augment mixup: the loss is a function"),
        ("shift", "augment shift: masks and boxes move with their images"),
    ):
        with pytest.raises(SettingError, match=f"^{start}.*\n  use a class of two loops, see minicnn.losses.Loss$"):
            trainer.fit(masks, epochs=1, augment=words)


def test_a_file_holds_its_name_alone(tmp_path):
    net = noisy()
    minicnn.Trainer(net, SGD(0.05), squares).fit((X, NUMBERS), epochs=1, progress=False)
    net.save(tmp_path / "net.safetensors")
    with pytest.raises(CheckpointError, match=r"the loss is the function 'squares', whose code is in no file\n  give it: "):
        minicnn.load(tmp_path / "net.safetensors")
    again = minicnn.load(tmp_path / "net.safetensors", custom_objects=[squares])
    assert again.trained_on.loss == FunctionLoss(function=squares)
    np.testing.assert_array_equal(again.predict(X), net.predict(X))
