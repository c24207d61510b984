"""Whether a command knows that `mpiexec` has started it."""

import pytest

from minicnn.launch import LAUNCHERS, launched_rank, launched_ranks


@pytest.fixture
def around(monkeypatch):
    """Sets the environment."""
    for launcher in LAUNCHERS:
        for what in ("SIZE", "RANK"):
            monkeypatch.delenv(f"{launcher}_{what}", raising=False)
    return monkeypatch.setenv


def test_a_plain_start_is_one_rank(around):
    assert (launched_ranks(), launched_rank()) == (1, 0)


@pytest.mark.parametrize("launcher", ["PMI", "OMPI_COMM_WORLD", "MV2_COMM_WORLD"])
def test_what_launchers_leave_is_read(around, launcher):
    around(f"{launcher}_SIZE", "4")
    around(f"{launcher}_RANK", "3")
    assert (launched_ranks(), launched_rank()) == (4, 3)


@pytest.mark.parametrize("word", ["", "many", "-2"])
def test_other_words_mean_nothing(around, word):
    around("PMI_SIZE", word)
    assert launched_ranks() == 1
