"""The best that PyTorch can do for one layer: several formulations of the same sum, of which the fastest counts.

    convolution     conv2d in both memory layouts; gradients by the same call that autograd makes
    unshared        unfold, then einsum or bmm over positions; or a convolution with one group for each position
    tiled           one strided convolution for each filter of the tile, each over its own positions; or unfold and matrix products
    batch norm      the call that modules make, and the one autograd makes: gradients of input, scale and shift
    pooling, norm   the function of that name in both layouts; the norm also as a sum of shifted squares

Everything that can be prepared is prepared outside the timing: layouts, the best order of the weights for the formulation,
and, for gradients, the whole forward pass that autograd needs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.bench.layer_set import Trial
from minicnn.bench.peers.place import Place
from minicnn.bench.peers.torch_forms import Formulation, plain_forms, tiled_forms, unshared_forms
from minicnn.bench.peers.torch_operations import symmetric
from minicnn.bench.protocol import Contestant

MASKS = {"input": [True, False, False], "weight": [False, True, False]}


def contestants(place: Place, trial: Trial, part: str) -> list[Contestant]:
    """Every formulation of one pass; what they return is in our layout."""
    torch = place.torch
    family = trial.case.family
    if family == "conv":
        return _convolutions(place, trial, part)
    if family == "batch_norm":
        return _batch_norms(place, trial, part)
    if family in ("unshared", "tiled"):
        forms = unshared_forms(torch, trial.case) if family == "unshared" else tiled_forms(torch, trial.case)
        return [_by_autograd(place, trial, part, form, torch.contiguous_format) for form in forms]
    return [
        _by_autograd(place, trial, part, form._replace(name=f"{form.name} {suffix}"), layout)
        for form in plain_forms(torch, trial.case)
        for suffix, layout in (("", torch.contiguous_format), ("channels_last", torch.channels_last))
    ]


def _convolutions(place: Place, trial: Trial, part: str) -> list[Contestant]:
    torch = place.torch
    axes = trial.case.axes
    stride, padding, dilation = [a.stride for a in axes], symmetric(axes, trial.case.name), [a.dilation for a in axes]
    groups = trial.case.layer.groups

    def contestant(name: str, layout: Any) -> Contestant:
        arrays: Any = (trial.x, trial.weight, trial.dy)
        x, weight, dy = (place.tensor(each).contiguous(memory_format=layout) for each in arrays)
        if part == "forward":
            return Contestant(name, lambda: place.result(torch.nn.functional.conv2d(x, weight, None, stride, padding, dilation, groups)))
        mask, which = MASKS[part], MASKS[part].index(True)
        return Contestant(
            name,
            lambda: place.result(
                torch.ops.aten.convolution_backward(dy, x, weight, None, stride, padding, dilation, False, [0, 0], groups, mask)[which]
            ),
        )

    return [contestant("torch", torch.contiguous_format), contestant("torch channels_last", torch.channels_last)]


def _batch_norms(place: Place, trial: Trial, part: str) -> list[Contestant]:
    torch, channels = place.torch, trial.x.shape[1]
    gamma, beta = (place.tensor(np.full(channels, value, np.float32)) for value in (1, 0))
    momentum, eps = trial.case.layer.momentum, trial.case.layer.eps

    def contestant(name: str, layout: Any) -> Contestant:
        x, dy = (place.tensor(each).contiguous(memory_format=layout) for each in (trial.x, trial.dy))
        mean, variance = beta.clone(), gamma.clone()
        if part == "forward":
            return Contestant(
                name, lambda: place.result(torch.nn.functional.batch_norm(x, mean, variance, gamma, beta, True, momentum, eps))
            )
        _, *kept = torch.native_batch_norm(x, gamma, beta, mean, variance, True, momentum, eps)
        return Contestant(
            name,
            lambda: place.result(torch.ops.aten.native_batch_norm_backward(dy, x, gamma, mean, variance, *kept, True, eps, [True] * 3)[0]),
        )

    return [contestant("torch", torch.contiguous_format), contestant("torch channels_last", torch.channels_last)]


def _by_autograd(place: Place, trial: Trial, part: str, form: Formulation, layout: Any) -> Contestant:
    """A formulation's forward pass, or what autograd makes of it for one of its inputs."""
    torch, name = place.torch, " ".join(["torch", *form.name.split()])
    x, dy = (place.tensor(each).contiguous(memory_format=layout) for each in (trial.x, trial.dy))
    weight = None if trial.weight is None else form.prepare(place.tensor(trial.weight))
    if part == "forward":
        y = torch.empty_like(dy)

        def forward() -> Any:
            with torch.inference_mode():
                parts = form.parts(x, weight)
                if len(parts) == 1:
                    return place.result(parts[0])
                for own, piece in zip(form.places, parts, strict=True):
                    y[own] = piece
                return place.result(y)

        return Contestant(name, forward)
    source: Any = x if part == "input" else weight
    wanted = source.clone().requires_grad_()
    pieces = form.parts(*((wanted, weight) if part == "input" else (x, wanted)))
    gradients = [dy[own].contiguous(memory_format=layout) for own in form.places]

    def backward() -> Any:
        (found,) = torch.autograd.grad(pieces, [wanted], gradients, retain_graph=True)
        return place.result(found if part == "input" else form.restore(found))

    return Contestant(name, backward)
