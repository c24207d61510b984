"""Threads: gradients of one network on several threads at once, among other calls; each has the bits that it has alone."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue

import numpy as np

import minicnn
from minicnn import kernels

from .campaign import TRACEBACK, WRONG, Fault, Trials
from .workloads import NETWORKS, Arrays, equal_bits, gradients, images, labels

THREADS = 4
GRADIENTS = 250  # of one network, by each thread
BATCHES = (4, 16, 32, 33, 64)  # one for all gradients of a process: those of one size share a plan
CASES = 6  # pairs of images and labels
OTHER_SHARE = 0.3  # of the gradients, after which another call follows

Calls = dict[str, Callable[[], Arrays]]


def trials(seed: int) -> Trials:
    """Every gradient and every other call, whichever thread made it, is a trial."""
    rng = np.random.default_rng(seed)
    net, neighbour = (NETWORKS[(seed + n) % len(NETWORKS)]() for n in (0, 1))
    own = gradient_calls(net, rng)
    others = gradient_calls(neighbour, rng) | forward_calls(net, rng) | kernel_calls(rng)
    wanted = {name: call() for name, call in (own | others).items()}
    answers: SimpleQueue[Fault | bool | None] = SimpleQueue()  # True: a thread is through

    def compute(number: int) -> None:
        dice = random.Random(f"{seed} {number}")
        for _ in range(GRADIENTS):
            name = dice.choice(list(own))
            answers.put(outcome(name, own[name], wanted[name]))
            if dice.random() < OTHER_SHARE:
                name = dice.choice(list(others))
                answers.put(outcome(name, others[name], wanted[name]))
        answers.put(True)

    for number in range(THREADS):
        threading.Thread(target=compute, args=(number,), daemon=True).start()
    working = THREADS
    while working:
        answer = answers.get()
        if isinstance(answer, bool):
            working -= 1
        else:
            yield answer


def outcome(name: str, call: Callable[[], Arrays], wanted: Arrays) -> Fault | None:
    try:
        return None if equal_bits(call(), wanted) else Fault(WRONG, f"{name}: other bits than alone")
    except Exception as error:
        return Fault(TRACEBACK, f"{name}: {type(error).__name__}: {error}")


def gradient_calls(net: minicnn.Graph, rng: np.random.Generator) -> Calls:
    count = rng.choice(BATCHES)
    cases = [(images(rng, count, net.input_shape), labels(rng, count)) for _ in range(CASES)]
    return {f"gradient of {net.name}, {count} images, case {n}": partial(gradients, net, *case) for n, case in enumerate(cases)}


def forward_calls(net: minicnn.Graph, rng: np.random.Generator) -> Calls:
    def forward(x: np.ndarray) -> Arrays:
        return [net.forward(x)]

    return {f"{net.name} forward, {count} images": partial(forward, images(rng, count, net.input_shape)) for count in BATCHES}


def kernel_calls(rng: np.random.Generator) -> Calls:
    x, weight = images(rng, 64, (8, 28, 28)), images(rng, 16, (8, 3, 3))
    few, matrix = images(rng, 2, (8, 28, 28)), images(rng, 32, (8 * 28 * 28,))
    return {
        "conv2d": lambda: [kernels.conv2d(x, weight)],
        "conv2d, 2 images": lambda: [kernels.conv2d(few, weight)],
        "max_pool2d": lambda: [kernels.max_pool2d(x, 2)],
        "linear": lambda: [kernels.linear(x.reshape(len(x), -1), matrix)],
    }
