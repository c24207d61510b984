"""Every item of the lectures has a check, and each comes out equal, or different for a reason; what is not covered is listed here."""

from __future__ import annotations

import json
from collections import Counter

import pytest

import minicnn
from minicnn import labs
from tests.lectures.checking import CONTEXT, DIFFERENT, EQUAL, MISSING, RECORDS, VERDICTS, different, equal, lab, outcome, text
from tests.lectures.coverage import checks, items

LEAST = 275  # equal or honestly different
NOT_COVERED = {"J50", "B74", "C23", "C40", "C61", "C63", "C66"}  # results on ImageNet; data of kinds that are not at hand


@pytest.fixture(scope="module")
def outcomes():
    minicnn.set_threads(1)
    try:
        return {key: outcome(check) for key, check in checks().items()}
    finally:
        minicnn.set_threads(None)


def test_every_item_has_a_check():
    keys = [item.key for item in items()]
    assert len(keys) == len(set(keys)) == 293
    assert set(checks()) == set(keys)


def test_what_is_not_covered_is_known(outcomes):
    missing = {key: found.words for key, found in outcomes.items() if found.verdict == MISSING}
    assert set(missing) == NOT_COVERED, missing


def test_counts(outcomes):
    counts = Counter(found.verdict for found in outcomes.values())
    assert set(counts) <= set(VERDICTS)
    assert counts[EQUAL] + counts[DIFFERENT] >= LEAST
    assert counts[CONTEXT] == 4


def test_words_go_with_every_verdict(outcomes):
    assert all(found.words for found in outcomes.values())


def test_records_are_of_labs_that_exist():
    for path in RECORDS.glob("*.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        assert labs.find(path.stem).name == path.stem
        assert record["command"] == f"minicnn lab {path.stem}"
        assert all(row["verdict"] in labs.VERDICTS for row in record["rows"])


@pytest.mark.parametrize("name", [lab.name for lab in labs.LABS])
def test_every_lab_has_a_record(name):
    assert (RECORDS / f"{name}.json").exists()


def test_another_number_is_not_covered():
    assert equal(25, 24).verdict == MISSING
    assert equal([1, 2], [1, 2, 3]).verdict == MISSING
    assert equal(1, 1.1, within=0.2).verdict == EQUAL


def test_a_reason_out_of_date_is_no_difference():
    assert different(25, 24, "why").verdict == DIFFERENT
    assert different(25, 25, "why").verdict == EQUAL


def test_a_check_that_raises_is_not_covered():
    found = outcome(lambda: equal(1, 1 / 0))
    assert found.verdict == MISSING
    assert found.words.startswith("ZeroDivisionError")


def test_a_check_draws_the_same_numbers_whatever_ran_before():
    assert outcome(checks()["J6"]) == outcome(checks()["J6"])


def test_a_lab_without_a_record_or_a_row_is_not_covered():
    assert lab("no such lab", "a claim").verdict == MISSING
    assert lab("prior", "no claim begins like this").verdict == MISSING


def test_numbers_for_people():
    assert text([[1, 2], [3.5, 4]]) == "1 2 / 3.5 4"
    assert text(62_378_344) == "62,378,344"
