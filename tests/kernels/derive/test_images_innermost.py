"""Textbook loops as steps of a plan: the same numbers as the loop itself, for whole and for broken shards."""

import inspect
from functools import partial

import numpy as np
import pytest

from minicnn.kernels import textbook
from minicnn.kernels.cpu.program.activation import new_activation
from minicnn.kernels.cpu.program.crew import run
from minicnn.kernels.cpu.program.executor import JOB_FIELDS, JOB_IMAGES, Layout
from minicnn.kernels.cpu.program.program import SHARDS, Program, aligned_zeros, padded
from minicnn.kernels.derive.lowering import Gradient, Integers, Parameter, append_derived

from ..textbook import cases

PARAMETERS = ("weight", "bias", "gamma", "beta", "mean", "variance")
SLOTS = 2
AT_ONCE = (1, 5, 16, 32)  # images at a time: 7 of them fill seven shards, one and a part, a part of one


class Case:
    """A loop with arrays for so many images: those of `cases`, images drawn from its numbers."""

    def __init__(self, name, images, axes=(1, 2, 3)):
        self.function = getattr(textbook, name)
        outputs, inputs = cases.calls(np.float32, axes)[name]
        names = list(inspect.signature(getattr(self.function, "py_func", self.function)).parameters)
        self.written, self.arguments = names[: len(outputs)], dict(zip(names, [*outputs, *inputs], strict=True))
        rng = np.random.default_rng(images)
        for each, value in self.arguments.items():
            if isinstance(value, np.ndarray) and self.role(each) in ("lanes", "integers"):
                self.arguments[each] = rng.choice(value.ravel(), (images, *value.shape[1:])) if value.size else value
        self.images = images

    def role(self, name):
        value = self.arguments[name]
        if not isinstance(value, np.ndarray):
            return "number"
        if name in PARAMETERS:
            return "parameter"
        if name.startswith("d") and name[1:] in PARAMETERS:
            return "gradient"
        return "integers" if value.dtype == np.int64 else "lanes"

    def textbook(self):
        arguments = {name: np.copy(value) if isinstance(value, np.ndarray) else value for name, value in self.arguments.items()}
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
            elif role == "number":
                places[name] = value
            else:
                places[name] = (Parameter if role == "parameter" else Gradient)(size, value.shape)
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


TRANSCENDENTAL = ("tanh", "sigmoid", "softmax", "local_response_norm", "log_softmax")  # a loop over lanes may ask another library

NOT_STEPS = {
    "batch_norm_training_forward": "computes with N, the images of the whole batch",
    "batch_norm_training_backward": "computes with N, the images of the whole batch",
    "variant_forward": "index_map",
    "variant_backward_input": "index_map",
    "variant_backward_weight": "index_map",
}


@pytest.mark.parametrize("name", [each for each in textbook.__all__ if each not in NOT_STEPS])
def test_a_step_computes_what_its_loop_does(name):
    case = Case(name, images=7)
    wanted = case.textbook()
    for shard in AT_ONCE:
        found = case.as_step(shard)
        for each in case.written:
            if case.role(each) == "gradient":
                np.testing.assert_allclose(found[each], wanted[each], rtol=1e-5, atol=1e-5, err_msg=f"{each}, shards of {shard}")
            else:
                same = (
                    partial(np.testing.assert_allclose, rtol=4e-7)
                    if any(each in name for each in TRANSCENDENTAL)
                    else np.testing.assert_array_equal
                )
                same(found[each], wanted[each], err_msg=f"{each}, shards of {shard}")
