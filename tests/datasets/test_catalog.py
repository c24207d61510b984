"""The catalog is complete and consistent, and an unknown name is answered with the nearest one."""

from __future__ import annotations

import re

import pytest

from minicnn.datasets import catalog, names
from minicnn.datasets.catalog import RECORDS
from minicnn.datasets.emnist import LABELS
from minicnn.datasets.handwriting import MAKINGS
from minicnn.errors import DataError


def test_the_promised_names():
    emnist = ("emnist-letters", "emnist-digits", "emnist-mnist", "emnist-balanced", "emnist-byclass")
    assert names() == ("digits", "mnist", "fashion-mnist", "kmnist", "qmnist", *emnist, "cifar10", "mnist1d", "cells", "digit-scenes")


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_a_record_is_complete(record):
    assert len(set(record.classes)) == len(record.classes)
    assert record.licence
    assert record.citation
    assert len(record.mean) == len(record.std)
    assert len(record.mean) in (0, record.input_shape[0])
    assert bool(record.files) == bool(record.home) == (record.origin not in ("embedded", "generated"))
    for file in record.files:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert file.size_bytes > 0
        assert all(re.fullmatch("https?://.+/", mirror) for mirror in file.mirrors)


def test_hashes_are_all_different():
    hashes = {file.sha256 for record in RECORDS.values() for file in record.files}
    assert len(hashes) == 4 * 4 + 2  # the parts of EMNIST share one archive


def test_the_classes_of_emnist():
    sizes = {name: len(record.classes) for name, record in RECORDS.items() if record.origin == "emnist"}
    assert sizes == {"emnist-letters": 26, "emnist-digits": 10, "emnist-mnist": 10, "emnist-balanced": 47, "emnist-byclass": 62}
    assert all(len(LABELS[name.removeprefix("emnist-")]) == count for name, count in sizes.items())
    assert RECORDS["emnist-balanced"].classes[10:12] + RECORDS["emnist-balanced"].classes[-2:] == ("A", "B", "r", "t")


def test_how_handwriting_was_made_is_known_to_the_code_that_makes_it():
    assert {record.handwriting for record in RECORDS.values()} - {""} == set(MAKINGS)


@pytest.mark.parametrize(
    ("wrong", "near"), [("mnst", "mnist"), ("MNIST", "mnist"), ("fashion_mnist", "fashion-mnist"), ("cifar", "cifar10")]
)
def test_an_unknown_name_is_answered_with_the_nearest(wrong, near):
    with pytest.raises(DataError, match=re.escape(f"no data set is called '{wrong}': did you mean {near}?")) as caught:
        catalog.record(wrong)
    assert all(name in str(caught.value) for name in names())


def test_a_name_far_from_all_gets_no_guess():
    with pytest.raises(DataError) as caught:
        catalog.record("xyzzy")
    assert caught.value.headline == "no data set is called 'xyzzy'"
