"""Receptive fields against brute force: which pixels change an output, over generated stacks of windows, transposed or not."""

from fractions import Fraction

import numpy as np
import pytest

from minicnn import layers as L
from minicnn import zoo
from minicnn.graph.columns import COLUMNS
from minicnn.graph.field import fields
from minicnn.network import Graph

LENGTH = 420


def drawn_layer(rng):
    window, stride, gap, pad = (int(rng.integers(*bounds)) for bounds in ((1, 5), (1, 4), (1, 3), (0, 3)))
    kinds = [
        lambda: L.Conv1D(1, window, stride=stride, dilation=gap, padding=((pad, 1),)),
        lambda: L.Conv1D(1, window, padding="same"),
        lambda: L.AvgPool1D(window, stride=stride),
        lambda: L.ConvTranspose1D(1, window, stride=stride, dilation=gap, padding=int(rng.integers(0, 2)) if window > 2 else 0),
        lambda: L.ConvTranspose1D(1, window, stride=int(rng.integers(2, 4))),
        lambda: L.Upsample(stride),
        lambda: L.Upsample(stride, mode="linear"),
        lambda: L.Sequential(L.Conv1D(1, 2), L.ConvTranspose1D(1, 3, stride=2, padding=1)),
        lambda: L.Concat(L.Conv1D(1, 3, stride=stride, padding=1), L.AvgPool1D(1, stride=stride)),
        lambda: L.Skip(L.Sequential(L.AvgPool1D(2), L.Conv1D(1, 3), L.ConvTranspose1D(1, 2, stride=2)), crop=True),
    ]
    return kinds[rng.integers(len(kinds))]()


def influences(net):
    """(outputs, inputs) bool: whether a pixel changes an output; all weights are positive, so nothing cancels."""
    for name, values in net.parameters.items():
        values[...] = 0 if name.endswith("bias") else np.random.default_rng(1).uniform(1, 2, values.shape)
    return (net.forward(np.eye(LENGTH)[:, None]) != 0).any(axis=1).T


@pytest.mark.parametrize("seed", range(150))
def test_field_is_what_changes_an_output(seed):
    rng = np.random.default_rng(seed)
    net = Graph(L.Sequential(*(drawn_layer(rng) for _ in range(rng.integers(1, 5)))), (1, LENGTH))
    field, row = fields(net.topology)[-1], net.summary().layers[-1]
    (axis,) = field
    assert (row.receptive_field, row.jump) == ((axis.reach,), (axis.jump,))
    seen = influences(net)
    count = 0
    for p, pixels in enumerate(seen):
        span = axis.at(p)
        where = np.flatnonzero(pixels)
        if span is None:
            assert not len(where)
        elif span[0] >= axis.reach and span[1] < LENGTH - axis.reach:  # no border is seen on the way
            assert (where[0], where[-1]) == span
            count += 1
    assert count > len(axis.spans) or axis.reach > LENGTH / 4


@pytest.mark.parametrize(
    ("layers", "reach", "jump"),
    [
        ([L.ConvTranspose1D(1, 2, stride=2)], 1, Fraction(1, 2)),
        ([L.ConvTranspose1D(1, 3, stride=2)], 2, Fraction(1, 2)),
        ([L.ConvTranspose1D(1, 2, stride=4)], 1, Fraction(1, 4)),
        ([L.Upsample(3)], 1, Fraction(1, 3)),
        ([L.Upsample(2, mode="linear")], 2, Fraction(1, 2)),
        ([L.Upsample(3, mode="linear")], 2, Fraction(1, 3)),
        ([L.MaxPool1D(2), L.Upsample(2)], 2, 1),
        ([L.MaxPool1D(3), L.Upsample(2), L.Conv1D(1, 3)], 6, Fraction(3, 2)),
        ([L.Upsample(2), L.Conv1D(1, 3, stride=2)], 2, 1),
        ([L.Upsample(2), L.Conv1D(1, 2)], 2, Fraction(1, 2)),
    ],
)
def test_field_and_jump_by_hand(layers, reach, jump):
    row = Graph(L.Sequential(*layers), (1, 60)).summary().layers[-1]
    assert (row.receptive_field, row.jump) == ((reach,), (jump,))


def test_axes_have_fields_of_their_own_and_a_fraction_is_written_as_one():
    net = Graph(L.Sequential(L.Conv2D(1, (3, 1)), L.Upsample((2, 1)), L.Conv2D(1, (2, 5))), (1, 9, 9))
    row = net.summary().layers[-1]
    assert (row.receptive_field, row.jump) == ((4, 5), (Fraction(1, 2), 1))
    assert net.summary().to_dict()["layers"][-1]["jump"] == ["1/2", 1]
    assert COLUMNS["jump"].cell(row) == "1/2x1"


def test_u_net_ends_with_a_jump_of_one_pixel():
    last = zoo.build("unet").summary().layers[-1]
    assert last.jump == (1, 1)
    # pixels of the levels that one output comes from: 1, 5, 3 of every second, 7, 4, 8, 5, 9, 5 of every sixteenth; each of those sees 140
    assert last.receptive_field == (140 + 4 * 16,) * 2
