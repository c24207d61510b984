"""Layers called in another library's order or with its names: an error says what would fit, where a network meant something else."""

import copy
import inspect
import pickle
from dataclasses import fields

import pytest

from minicnn import layers as L
from minicnn.errors import SettingError
from minicnn.layers.registry import TYPES
from minicnn.layers.windowed import Windowed


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: L.Conv2D(1, 6, 5),
            """\
Conv2D takes filters and window, and its settings by name, but gets 1, 6, 5
  input channels are inferred: use Conv2D(6, 5)
  or use Conv2D(1, 6, stride=5)""",
        ),
        (
            lambda: L.Conv2D(3, 16, 3, 1, 1),
            """\
Conv2D takes filters and window, and its settings by name, but gets 3, 16, 3, 1, 1
  input channels are inferred: use Conv2D(16, 3, stride=1, padding=1)
  or use Conv2D(3, 16, stride=3, padding=1, dilation=1)""",
        ),
        (
            lambda: L.ConvTranspose2D(64, 32, 2, name="up1"),
            """\
ConvTranspose2D takes filters and window, and its settings by name, but gets 64, 32, 2
  input channels are inferred: use ConvTranspose2D(32, 2, name='up1')
  or use ConvTranspose2D(64, 32, stride=2, name='up1')""",
        ),
        (
            lambda: L.Linear(784, 10),
            "Linear takes features, and its settings by name, but gets 784, 10\n  inputs are inferred: use Linear(10)",
        ),
        (lambda: L.Linear(10, False), "Linear takes features, and its settings by name, but gets 10, False\n  use Linear(10, bias=False)"),
        (lambda: L.BatchNorm2D(64), "BatchNorm2D takes its settings by name, but gets 64\n  channels are inferred: use BatchNorm2D()"),
        (lambda: L.MaxPool2D(3, 2), "MaxPool2D takes window, and its settings by name, but gets 3, 2\n  use MaxPool2D(3, stride=2)"),
        (
            lambda: L.LocalResponseNorm(5, 1e-4, 0.75, 2.0),  # the order of PyTorch is another one
            "LocalResponseNorm takes size, and its settings by name, but gets 5, 0.0001, 0.75, 2.0",
        ),
        (lambda: L.Reshape(7, 7, 30), "Reshape takes shape, and nothing else, but gets 7, 7, 30\n  use Reshape((7, 7, 30))"),
        (lambda: L.ReLU(True), "ReLU takes no settings, but gets True"),
    ],
)
def test_too_many_by_position(call, words):
    with pytest.raises(SettingError) as refused:
        call()
    assert str(refused.value) == words


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: L.Conv2D(6, kernel_size=5), "Conv2D has no setting called 'kernel_size': use window"),
        (lambda: L.Conv2D(6, 5, strides=2), "Conv2D has no setting called 'strides': use stride"),
        (lambda: L.Conv2D(6, 5, paddin=2), "Conv2D has no setting called 'paddin': did you mean padding or padding_mode?"),
        (
            lambda: L.Conv2D(in_channels=1, filters=6, window=5),
            "Conv2D has no setting called 'in_channels': it follows from the input, leave it out",
        ),
        (lambda: L.MaxPool2D(2, groups=2), "MaxPool2D has no setting called 'groups'"),
        (lambda: L.Conv2D(6), "Conv2D needs its window: Conv2D(filters, window)"),
        (lambda: L.Conv2D(6, 5, window=3), "Conv2D: multiple values for argument 'window'"),
    ],
)
def test_names(call, words):
    with pytest.raises(SettingError) as refused:
        call()
    assert str(refused.value).splitlines()[0] == words


@pytest.mark.parametrize("kind", [kind for kind in TYPES.values() if issubclass(kind, (Windowed, L.ConvTranspose2D))])
def test_settings_after_the_window_are_given_by_name(kind):
    names = [each.name for each in fields(kind) if not each.kw_only]
    assert names[-1] == "window"


def test_a_wrong_call_is_a_type_error_as_in_python():
    with pytest.raises(TypeError, match="Conv2D takes filters and window"):
        L.Conv2D(1, 6, 5)


def test_the_signature_is_that_of_the_settings():
    assert list(inspect.signature(L.Conv2D).parameters)[:2] == ["filters", "window"]


def test_copies_are_equal():
    layer = L.Conv2D(6, 5, padding=2)
    assert copy.deepcopy(layer) == pickle.loads(pickle.dumps(layer)) == layer


def test_settings_of_a_class_that_is_no_dataclass_are_asked_for():
    class Own(L.Layer, registered=False):
        slope: float = 1.0

    with pytest.raises(SettingError, match=r"^Own: slope would be no setting\n  write @dataclass\(frozen=True\) before the class Own$"):
        Own()
