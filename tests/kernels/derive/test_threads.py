"""Which loops become threads, and that the order of their turns changes nothing."""

import ast

import numpy as np
import pytest

from minicnn.kernels import textbook
from minicnn.kernels.derive import read, threads, updated
from minicnn.kernels.derive.cuda import cuda
from minicnn.kernels.derive.generated import load
from minicnn.kernels.derive.threads import marked

from ..textbook import cases
from . import racing

LETTERS = {
    "conv2d_forward": "n k p q",
    "conv2d_backward_input": "n c h w",
    "conv2d_backward_weight": "k c r s",  # through weight_tap
    "conv2d_backward_bias": "k",
    "unshared_conv3d_backward_weight": "k o p q c t r s",
    "max_pool2d_forward": "n c p q",  # two outputs
    "max_pool2d_backward": "n c",  # a table says where it adds
    "batch_norm_training_forward": "c",
    "batch_norm_inference_forward": "c n l",  # a root stands between the loops
    "softmax_forward": "n",
    "relu_forward": "i",  # .flat
    "variant_backward_input": "n",
    "variant_backward_weight": "j",
}


def same_bits(expected, got):
    return all(one.tobytes() == other.tobytes() for one, other in zip(expected, got, strict=True))


@pytest.mark.parametrize("name", textbook.__all__)
def test_every_textbook_loop_has_threads(name):
    parallel = threads(read(getattr(textbook, name)))
    assert list(parallel.letters) == LETTERS.get(name, " ".join(parallel.letters)).split() != []
    loops = [each for each in ast.walk(parallel.definition.loop) if isinstance(each, ast.For)]
    assert sorted([each.line for each in (*parallel.levels, *parallel.kept)]) == sorted(each.lineno for each in loops)
    assert not updated(parallel.definition)


class InTurn:
    """What the text asks `numba.cuda` for, with one thread after another."""

    def __init__(self, thread, count):
        self.grid, self.gridsize = lambda _: thread, lambda _: count

    def jit(self, function=None, device=False):
        return function or self.jit


def run_in_order(name, order, outputs, inputs):
    definition = read(getattr(textbook, name))
    text = cuda(definition, **dict.fromkeys(definition.called, cases.some_map)).replace("from numba import cuda\n", "")
    for thread in order:
        space = {"cuda": InTurn(thread, len(order))}
        exec(text, space)
        space[definition.name](*outputs, *(each for each in inputs if not callable(each)))


def test_the_order_of_the_turns_changes_no_bit():
    rng = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        for name, (outputs, inputs) in cases.calls(np.float64, (2,), cases.drawn(5)).items():
            forward, backward, shuffled = ([each.copy() for each in outputs] for _ in range(3))
            run_in_order(name, range(13), forward, inputs)
            run_in_order(name, range(12, -1, -1), backward, inputs)
            run_in_order(name, rng.permutation(7), shuffled, inputs)
            assert same_bits(forward, backward), name
            assert same_bits(forward, shuffled), name


def test_the_simulated_threads_would_show_a_race():
    """The same comparison, of a loop that is refused, if it were taken."""
    text = cuda(read(racing.mended_neighbour)).replace("x[n]", "(x[n] if n == 0 else y[n - 1] + x[n])")
    results = []
    for order in ((0, 1, 2), (2, 1, 0)):
        y = np.full(3, 0.5)
        for thread in order:
            space = {"cuda": InTurn(thread, 3)}
            exec(text.replace("from numba import cuda\n", ""), space)
            space["mended_neighbour"](y, np.ones(3))
        results.append(y)
    assert not np.array_equal(*results)


def test_what_works_in_place_is_known():
    """An optimizer may read what it updates, at its own place: its turns are threads, and its arrays are not only results."""
    definition = read(racing.momentum)
    assert definition.outputs == ("parameter", "velocity")
    assert definition.inputs == ("gradient",)
    assert definition.settings == ("rate", "kept")
    assert threads(definition).letters == ("i",)
    assert updated(definition) == ("parameter", "velocity")


def test_a_place_that_moves_is_not_the_one_that_was_written():
    assert updated(read(racing.moving_place)) == ("y",)


def test_what_is_written_first_is_a_result():
    """A second loop over the same range reads what the first wrote."""
    assert updated(read(racing.softmax_in_its_output)) == ()
    assert threads(read(racing.softmax_in_its_output)).letters == ("n",)


def test_the_loop_is_shown_with_its_reasons():
    text = marked(threads(read(textbook.max_pool2d_backward)))
    lines = [line.split("  ", 1) for line in text.splitlines()]
    assert int(lines[-1][0]) - int(lines[0][0]) == len(lines) - 1 == 9
    assert [line[1].partition("# ")[2].partition(":")[0] for line in lines[2:7]] == [
        "every thread clears its own part",
        "threads",
        "threads",
        "in order",
        "in order",
    ]
    assert lines[5][1].endswith(
        f"p is not by itself an index of dx[n, c, winner // W, winner % W] (line {lines[-1][0]}): two turns may write the same place"
    )


def test_the_axes_that_letters_decide():
    parallel = threads(read(textbook.batch_norm_training_forward))
    assert parallel.axes == {"y": {"c": 1}, "mean": {"c": 0}, "variance": {"c": 0}}


def test_a_derived_text_can_be_read_again():
    text = "def doubled(y, x):\n    for n in range(len(x)):\n        y[n] = 2.0 * x[n]\n"
    assert threads(read(load(text, "doubled"))).letters == ("n",)
