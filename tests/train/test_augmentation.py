"""Words for augmentation."""

import pytest

from minicnn.errors import SettingError
from minicnn.train import Augmentation, augmentation


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", Augmentation()),
        ((), Augmentation()),
        ("flip", Augmentation(0, True)),
        ("shift", Augmentation(2, False)),
        ("shift=5 , flip", Augmentation(5, True)),
        (["shift=1"], Augmentation(1, False)),
    ],
)
def test_words(words, expected):
    assert augmentation(words) == expected
    assert augmentation(expected.words) == expected


@pytest.mark.parametrize("words", ["rotate", "shift=-1", "shift=a", "flip=2", "shift=1.5"])
def test_unknown_words(words):
    with pytest.raises(SettingError, match=rf"^augment '{words}' is not known\n  use shift"):
        augmentation(words)
