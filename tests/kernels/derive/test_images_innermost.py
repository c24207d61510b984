"""Textbook loops as steps of a plan: the same numbers as the loop itself, for whole and for broken shards.

Loops over one axis and three are those over two with one less or more: of them only some, unless MINICNN_LOOPS_FULL=1.
"""

import inspect
import linecache
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from minicnn.errors import SettingError
from minicnn.kernels import textbook
from minicnn.kernels.cpu.program.activation import new_activation
from minicnn.kernels.cpu.program.crew import run
from minicnn.kernels.cpu.program.executor import JOB_FIELDS, JOB_IMAGES, Layout
from minicnn.kernels.cpu.program.program import SHARDS, Program, aligned_zeros, padded
from minicnn.kernels.derive import read
from minicnn.kernels.derive.lanes.images import GRADIENT, LANES, PARAMETER
from minicnn.kernels.derive.lanes.images_innermost import images_innermost
from minicnn.kernels.derive.lanes.lowering import GradientArray, Integers, ParameterArray, Table, append_derived

from ..textbook import cases

PARAMETERS = ("weight", "bias", "gamma", "beta", "mean", "variance")
TABLES = ("outputs", "inputs", "first", "filter_of", "map_of", "class_weights", "pos_weight", "sizes", "steps", "places")
SLOTS = 2
AT_ONCE = (1, 5, 32)  # images at a time: 7 of them fill seven shards, one and a part, a part of one


class Case:
    """A loop with arrays for so many images: those of `cases`, images drawn from its numbers."""

    def __init__(self, name, images, axes=(1, 2, 3)):
        outputs, inputs = cases.calls(np.float32, axes)[name]
        function = getattr(textbook, name)
        arguments = dict(zip(inspect.signature(getattr(function, "py_func", function)).parameters, [*outputs, *inputs], strict=True))
        self._begin(function, arguments, list(arguments)[: len(outputs)], {})
        rng = np.random.default_rng(images)
        for each, value in self.arguments.items():
            if self.role(each) in ("lanes", "integers"):
                self.arguments[each] = rng.choice(value.ravel(), (images, *value.shape[1:]))
        self.images = images

    @classmethod
    def of(cls, function, arguments, roles=()):
        """A loop that writes y."""
        case = cls.__new__(cls)
        case._begin(function, arguments, ["y"], dict(roles))
        case.images = len(arguments["y"])
        return case

    def _begin(self, function, arguments, written, roles):
        self.function, self.arguments, self.written, self.roles = function, arguments, written, roles

    def role(self, name):
        value = self.arguments[name]
        if name in self.roles:
            return self.roles[name]
        if not isinstance(value, np.ndarray):
            return "number"
        if name in PARAMETERS:
            return "parameter"
        if name in TABLES:
            return "table"
        if name.startswith("d") and name[1:] in PARAMETERS:
            return "gradient"
        return "integers" if value.dtype == np.int64 else "lanes"

    def textbook(self):
        arguments = {name: np.copy(value) if isinstance(value, np.ndarray) else value for name, value in self.arguments.items()}
        self.function(*arguments.values())
        return {name: arguments[name] for name in self.written}

    def magnitudes(self):
        """For gradients, the sum of the absolute values of what is summed: the loop on absolute values (a mean, which is taken off, below 0)."""
        arguments = {
            name: np.abs(value) if isinstance(value, np.ndarray) and value.dtype == np.float32 else value
            for name, value in self.arguments.items()
        }
        arguments = {name: -value if name == "mean" else value for name, value in arguments.items()}
        arguments |= {name: np.copy(self.arguments[name]) for name in self.written}
        if any(self.role(name) == "gradient" for name in self.written):
            self.function(*arguments.values())
        return {name: arguments[name] for name in self.written}

    def as_step(self, shard):
        """The loop as the only step of a program that takes so many images at a time."""
        program, places, parameters = Program(), {}, []
        size = 0
        for name, value in self.arguments.items():
            role = self.role(name)
            if role in ("lanes", "integers"):
                own = new_activation(program, value.shape[1:] or (1,), shard)
                places[name] = Integers(own) if role == "integers" else own
            elif role in ("number", "table"):
                places[name] = value if role == "number" else Table(value)
            else:
                places[name] = (ParameterArray if role == "parameter" else GradientArray)(size, value.shape)
                parameters.append(np.zeros(value.size, np.float32) if role == "gradient" else value.ravel())
                size += value.size
        append_derived(program, self.function, **places)
        program.close_phase(SHARDS)
        finished = program.finish()
        shards, slot = -(-self.images // shard), padded(size)
        memory = aligned_zeros(SLOTS * slot + shards * finished.arena_size)
        memory[...] = np.nan
        arenas = memory[SLOTS * slot :][: shards * finished.arena_size].reshape(shards, -1)

        def lanes(name, number):
            own = places[name]
            own, kind = (own.value, np.int32) if isinstance(own, Integers) else (own, np.float32)
            rows = arenas[number].view(kind)[own.buffer.offset :][: own.size]
            return rows.reshape(-1, shard).T  # (image, element)

        for number in range(shards):
            for name, value in self.arguments.items():
                if self.role(name) in ("lanes", "integers") and name not in self.written:
                    of = np.arange(number * shard, (number + 1) * shard) % self.images  # filled up with images that count for nothing
                    lanes(name, number)[...] = value.reshape(self.images, -1)[of]
        jobs = np.zeros((1, JOB_FIELDS), np.int64)
        jobs[0, JOB_IMAGES] = self.images
        numbers = np.concatenate([*parameters, np.zeros(1, np.float32)])
        layout = Layout(shard, SLOTS, SLOTS * slot, finished.arena_size, 0, slot, 1)
        run(1, finished, memory, numbers, jobs, np.zeros(0, np.int64), layout)
        found = {}
        for name in self.written:
            value = self.arguments[name]
            if self.role(name) == "gradient":
                used = memory[: min(SLOTS, shards) * slot].reshape(-1, slot)[:, places[name].offset :][:, : value.size]
                found[name] = used.sum(axis=0).reshape(value.shape)
            else:
                found[name] = np.concatenate([lanes(name, n) for n in range(shards)])[: self.images].reshape(value.shape)
        return found


TRANSCENDENTAL = (
    "tanh",
    "sigmoid",
    "softmax",
    "local_response_norm",
    "lp_pool",
    "log_softmax",
    "cross_entropy",
    "dice",
    "mixup_draw",
)  # a loop over lanes may ask another library

NOT_STEPS = {
    "partner_forward": r"x\[first \+ .*, f\] is of image first \+ .*, but images of a batch do not see each other",
    "batch_norm_training_forward": "total is a sum over the images of the whole batch, but a step sees one shard",
    "batch_norm_training_backward": "dbeta_c is a sum over the images of the whole batch, but a step sees one shard",
    "variant_forward": "index_map is .*, but must be an array or a number",
    "variant_backward_input": "index_map is .*, but must be an array or a number",
}


FULL = os.environ.get("MINICNN_LOOPS_FULL") == "1"
OTHER_AXES = re.compile("[13]d")
SOME_OF_THEM = re.compile("^(avg_pool|upsample_linear)1d|^(conv_transpose|max_pool|unpool_winners|upsample_linear)3d")


@pytest.mark.parametrize(
    "name",
    [each for each in textbook.__all__ if each not in NOT_STEPS and (FULL or not OTHER_AXES.search(each) or SOME_OF_THEM.search(each))],
)
def test_a_step_computes_what_its_loop_does(name):
    case = Case(name, images=7)
    wanted, magnitude = case.textbook(), case.magnitudes()
    for shard in AT_ONCE:
        found = case.as_step(shard)
        for each in case.written:
            if case.role(each) == "gradient":
                bound = (-(-7 // shard) + 1) * np.finfo(np.float32).eps * magnitude[each]
                assert np.all(np.abs(found[each] - wanted[each]) <= bound), f"{each}, shards of {shard}"
            elif any(word in name for word in TRANSCENDENTAL):
                np.testing.assert_allclose(found[each], wanted[each], rtol=4e-7, err_msg=f"{each}, shards of {shard}")
            else:
                np.testing.assert_array_equal(found[each], wanted[each], err_msg=f"{each}, shards of {shard}")


@pytest.mark.parametrize("name", NOT_STEPS)
def test_what_needs_more_than_a_shard_is_refused_with_the_reason(name):
    with pytest.raises(SettingError, match=NOT_STEPS[name]):
        Case(name, images=3).as_step(16)


def test_text_is_the_same_every_time_and_in_the_letters_of_the_loop():
    roles = {"dx": LANES, "dy": LANES, "weight": PARAMETER}
    written = images_innermost(read(textbook.linear_backward_input), roles)
    assert written == images_innermost(read(textbook.linear_backward_input), roles)
    assert written.text.endswith(LINEAR)


LINEAR = """\
    total = numpy.empty(lanes)
    F = dx_1
    K = dy_1
    for f in range(F):
        for n in range(lanes):
            total[n] = np.float64(0.0)
        for k in range(K):
            for n in range(lanes):
                total[n] += memory[dy + k * lanes + n] * parameters[weight + k * weight_1 + f]
        for n in range(lanes):
            memory[dx + f * lanes + n] = total[n]
"""


# ------------------------------------------------------------------------------------------------------------------ loops of a user's own


def mean_over_images(dbias, dy):
    N, K = dy.shape
    for k in range(K):
        total = np.float64(0.0)
        for n in range(N):
            total += dy[n, k] / N
        dbias[k] = total


def neighbour_image(y, x):
    N, K = x.shape
    for n in range(N):
        for k in range(K):
            y[n, k] = x[(n + 1) % N, k]


def root_of_the_sum(dbias, dy):
    N, K = dy.shape
    for k in range(K):
        total = np.float64(0.0)
        for n in range(N):
            total += dy[n, k] * dy[n, k]
        dbias[k] = np.sqrt(total)


def largest_over_images(dbias, dy):
    N, K = dy.shape
    for k in range(K):
        best = 0.0
        for n in range(N):
            best = max(best, dy[n, k])
        dbias[k] = best


def stored_twice(dbias, dy):
    N, K = dy.shape
    for k in range(K):
        for j in range(2):
            total = np.float64(0.0)
            for n in range(N):
                total += dy[n, k] * j
            dbias[k] = total


def begins_with_one(dbias, dy):
    N, K = dy.shape
    for k in range(K):
        total = 1.0
        for n in range(N):
            total += dy[n, k]
        dbias[k] = total


def changes_a_parameter(y, x, bias):
    N, K = x.shape
    for n in range(N):
        for k in range(K):
            bias[k] = 1.0
            y[n, k] = x[n, k]


def divides_by_a_sum(y, x):
    N, K = x.shape
    for k in range(K):
        total = np.float64(0.0)
        for n in range(N):
            total += x[n, k]
        for n in range(N):
            y[n, k] = x[n, k] / total


def added_in_place(dbias, dy):
    N, K = dy.shape
    for k in range(K):
        dbias[k] = 0.0
        for n in range(N):
            dbias[k] += dy[n, k]


REFUSED = {
    added_in_place: r"dbias\[k\] is something else than a sum over images.*\n  or add it up in a name first: total = np\.float64",
    mean_over_images: "N is the number of images of the whole batch",
    neighbour_image: "is of image",
    root_of_the_sum: "total is a sum over the images of the whole batch",
    largest_over_images: "best is carried from one image to the next",
    stored_twice: "stored again in each turn of j",
    begins_with_one: "does not begin with 0",
    changes_a_parameter: "bias is stored to",
    divides_by_a_sum: "total is a sum over the images of the whole batch",
}


@pytest.mark.parametrize("loop", REFUSED, ids=lambda loop: loop.__name__)
def test_a_loop_over_the_whole_batch_is_refused_where_it_says_so(loop):
    roles = {name: {"dbias": GRADIENT, "bias": PARAMETER}.get(name, LANES) for name in inspect.signature(loop).parameters}
    with pytest.raises(SettingError, match=rf"{Path(__file__).name}:\d+: .*{REFUSED[loop]}"):
        images_innermost(read(loop), roles)


SLOPE = 0.25


def slope_of(value, lanes):
    return SLOPE * value + lanes


def picture_number(y, x, a):
    N, K = x.shape
    lanes = 0.0 + a[0]
    for n in range(N):
        row = 2.0 * x[n, 0]
        for k in range(K):
            y[n, k] = slope_of(row, lanes) + n


def test_numbers_and_functions_around_a_loop_and_names_of_ours_in_it(monkeypatch):
    """A helper, a constant, the image's number within the batch; `lanes` and `row` are the loop's own names.  Another constant is another text."""
    x, a = np.arange(14, dtype=np.float32).reshape(7, 2), np.ones(1, np.float32)
    for slope in (0.25, 0.5):
        monkeypatch.setattr(sys.modules[__name__], "SLOPE", slope)
        for shard in AT_ONCE:
            case = Case.of(picture_number, {"y": np.zeros_like(x), "x": x, "a": a}, {"a": "parameter"})
            np.testing.assert_array_equal(case.as_step(shard)["y"], 2 * slope * x[:, :1] + 1 + np.arange(7)[:, None] + 0 * x)


EDITED = """
def twice(y, x):
    N, K = x.shape
    for n in range(N):
        for k in range(K):
            y[n, k] = {factor} * x[n, k]
"""


def test_an_edited_loop_never_runs_as_it_was_before(tmp_path):
    """Same name, same line, same module: only a constant differs, which Numba's own key for its cache leaves out."""
    x = np.ones((3, 2), np.float32)
    for factor in (2.0, 3.0, 2.0):
        path = tmp_path / "loop.py"
        path.write_text(EDITED.format(factor=factor))
        linecache.checkcache()
        space = {"__name__": "loop", "__file__": str(path)}
        exec(compile(path.read_text(), str(path), "exec"), space)
        found = Case.of(space["twice"], {"y": np.zeros_like(x), "x": x}).as_step(16)["y"]
        np.testing.assert_array_equal(found, factor * x)
