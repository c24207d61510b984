"""What a page embeds of a network and of data, as JSON; arrays are base64 of deflated bytes."""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from minicnn.datasets import Dataset
from minicnn.errors import DataError, GraphError
from minicnn.graph import ParameterSlot
from minicnn.graph.field import fields
from minicnn.kernels.derive import Definition
from minicnn.losses import BOXES, CLASS, MASK, YOLO, Loss
from minicnn.network import Graph
from minicnn.page.own import files_of
from minicnn.page.plan import PagePlan, four_lane_plans
from minicnn.page.walk import Argument, Walk
from minicnn.preparation import BYTES, Preparation
from minicnn.random import DEFAULTS
from minicnn.train.answers import SURE_SCORE
from minicnn.trained_on import TrainedOn

BATCH = 64


class Start(NamedTuple):
    """Images at a time, and a learning rate for each optimizer, all of them among a page's choices."""

    batch: int
    adam: float
    sgd: float


START = Start(BATCH, 0.001, 0.1)
OPTIMIZERS = ("adam", "sgd")
MOST_PARAMETERS = 2_000_000  # 8 MB, as text 11
MOST_MEMORY = 1 << 28  # float32 elements that a plan may take: 1 GiB
MOST_PIXELS = 4_000_000  # of embedded images, of both splits


def packed(data: bytes | np.ndarray) -> str:
    """Deflated, as base64; `unpacked` in memory.js is the inverse."""
    deflate = zlib.compressobj(9, wbits=-15)
    raw = data if isinstance(data, bytes) else np.ascontiguousarray(data).tobytes()
    return base64.b64encode(deflate.compress(raw) + deflate.flush()).decode()


def network_assets(
    net: Graph,
    shown: Walk,
    preparation: Preparation,
    known: TrainedOn,
    trained: bool,
    target: str = CLASS,
    objects: int = 0,
    start: Start = START,
) -> dict[str, Any]:
    """A network that says a class for an image, or for every pixel, or the boxes of objects, with its plans.

    shown : its calls
    trained : whether its parameters are embedded; else a page draws them as `minicnn.random` would, with other chance
    objects : rows of an image's target where these are boxes
    start : the settings that a page begins with

    Raises
    ------
    GraphError
        If it is larger than a page takes, has loops of its own that cannot be compiled for it, or its output cannot serve its loss.
    """
    size = net.topology.memory_size
    if size > MOST_PARAMETERS:
        raise GraphError(f"{net.name} has {size:,} parameters, more than the {MOST_PARAMETERS:,} that a page takes")
    known.loss.check(net.name, net.output_shape, net.input_shape)
    plans, module = page_plans(net, preparation, known.loss, target, objects)
    places = math.prod(net.output_shape[1:]) if target == MASK else 1
    for each in plans.values():
        if each.memory > MOST_MEMORY:
            raise GraphError(f"{net.name} takes {4 * each.memory >> 20:,} MiB to train, more than the {4 * MOST_MEMORY >> 20:,} of a page")
    given = trained or any(_spread(slot) == ["given"] for slot in net.slots)
    return {
        "name": net.name,
        "target": target,
        "places": places,
        "boxes": box_settings(known.loss, net) if isinstance(known.loss, YOLO) else None,
        "start": start._asdict(),
        "input_shape": net.input_shape,
        "classes": known.classes,
        "preparation": {"scale": preparation.scale, "shift": preparation.shift, "unit": preparation.unit},
        "image_shape": known.image_shape,
        "nodes": [
            {
                "name": node.name,
                "type": node.layer.kind(),
                "inputs": _inputs(net, node),
                "field": None if field is None else [axis.reach for axis in field],
                "jump": None if field is None else [float(axis.jump) for axis in field],
            }
            for node, field in zip(net.nodes, fields(net.topology), strict=True)
        ],
        "slots": [[slot.name, slot.offset, slot.shape, slot.learns, _spread(slot)] for slot in net.slots],
        "size": size,
        "parameters": packed(net.parameter_memory[:size]) if given else None,
        "walk": walk_json(shown),
        "plans": {name: plan_json(plan) for name, plan in plans.items()},
        "modules": {"textbook": packed(textbook_module(shown.own)) if shown.own else None, "engine": packed(module) if module else None},
        "metadata": {**net.metadata(), **known.metadata()},
    }


def textbook_module(own: Mapping[str, Definition]) -> bytes:
    """The user's loops, compiled on the spot."""
    from minicnn.page.build.own import compiled_loops

    return compiled_loops(own)


def box_settings(loss: YOLO, net: Graph) -> dict[str, Any]:
    """What a page needs to read boxes from outputs; the score is compared in float32, as `YOLO.prediction` does."""
    height, width = net.input_shape[1:]
    score = float(np.float32(loss.score))
    return {"boxes": loss.boxes, "height": height, "width": width, "score": score, "iou": loss.iou, "sure": SURE_SCORE}


def page_plans(net: Graph, preparation: Preparation, loss: Loss, target: str, objects: int = 0) -> tuple[dict[str, PagePlan], bytes | None]:
    """Plans by name: "adam" and "sgd" train, "scores" gives outputs; and a module of the steps that "engine" does not have.

    Where images have one class, each of the first two is there as "noisy" too: with dropout before fully connected layers, and moving images.
    """
    images = {"uint8": preparation.unit == BYTES, "scale": list(preparation.scale), "shift": list(preparation.shift)}
    asked = {"loss": loss.describe(), "target": target, "boxes": objects}
    wanted = {name: {"batch": BATCH, "training": True, "optimizer": name, **images, **asked} for name in OPTIMIZERS}
    noise = {
        "architecture": with_dropout(net.architecture()),
        "shifts": 1 if len(net.input_shape) == 3 and preparation.unit == BYTES else 0,
    }
    if target == CLASS:
        wanted |= {f"{name} noisy": {**wanted[name], **noise} for name in OPTIMIZERS}
    wanted["scores"] = {"batch": BATCH, "training": False, **images}
    made = four_lane_plans(net.architecture(), list(wanted.values()), files_of(net))
    return dict(zip(wanted, made.plans, strict=True)), made.module


def with_dropout(architecture: dict[str, Any]) -> dict[str, Any]:
    """The same network with dropout before each fully connected layer of its outermost block but the first thing there."""
    block = architecture["network"]
    parts = block.get("items") if isinstance(block, dict) else None
    if not isinstance(parts, list):
        return architecture
    changed: list[Any] = []
    for n, part in enumerate(parts):
        if n and isinstance(part, dict) and part.get("type") == "Linear":
            changed.append({"type": "Dropout", "rate": 0.5})
        changed.append(part)
    return {**architecture, "network": {**block, "items": changed}}


def data_assets(train: Dataset, test: Dataset, most_pixels: int = MOST_PIXELS) -> dict[str, Any]:
    """Images and labels of a data set; of a large one as many from the beginning as fit.

    Floats, signals say, become bytes: their range in 255 steps.  Classes are bytes, boxes float32.

    Raises
    ------
    DataError
        If it does not say what class each image, or each of its pixels, is, or where objects are.
    """
    if train.target not in (CLASS, MASK, BOXES):
        raise DataError(f"a page trains on classes of images and of pixels, and on boxes, but {train.name} asks for {train.target}")
    kind = np.float32 if train.target == BOXES else np.uint8
    pixels = math.prod(train.images.shape[1:])
    share = min(1.0, most_pixels / (pixels * (len(train) + len(test))))
    low, high = (0.0, 255.0) if train.images.dtype == np.uint8 else (float(train.images.min()), float(train.images.max()))
    step = (high - low) / 255 or 1.0
    splits = {}
    for name, part in (("train", train), ("test", test)):
        count = max(1, int(len(part) * share))
        images = part.images[:count]
        raw = images if images.dtype == np.uint8 else np.rint((np.clip(images, low, high) - low) / step).astype(np.uint8)
        splits[name] = {"count": count, "images": packed(raw), "labels": packed(part.labels[:count].astype(kind))}
    return {
        "name": train.name,
        "shape": train.images.shape[1:],
        "classes": list(train.classes),
        "low": low,
        "step": step,
        "whole": share == 1.0,
        **splits,
    }


def walk_json(made: Walk) -> dict[str, Any]:
    """Arguments as ["value" | "parameter" | "table", at, shape], or a number."""

    def given(value: Argument | float) -> Any:
        return [value.kind, value.at, value.shape] if isinstance(value, Argument) else float(value)

    return {
        **{
            name: [[call.node, call.loop, [given(each) for each in call.arguments.values()]] for call in calls]
            for name, calls in (("calls", made.calls), ("backward", made.backward))
        },
        "dy": made.dy,
        "dx": made.dx,
        "values": {value.node: [value.at, value.shape] for value in made.values},
        "size": made.size,
        "tables": [[str(table.dtype), packed(table)] for table in made.tables],
    }


def plan_json(plan: PagePlan) -> dict[str, Any]:
    """Arrays as `packed` makes them."""
    return {name: packed(value) if isinstance(value, np.ndarray) else value for name, value in plan._asdict().items()}


def _inputs(net: Graph, node: Any) -> list[str]:
    names = {node.index: node.name for node in net.nodes}
    return [names.get(ref.node, "input") for ref in node.inputs]


def _spread(slot: ParameterSlot) -> list[Any]:
    """How its first values are drawn: ["uniform", limit], ["all", number], or ["given"]."""
    if not isinstance(slot.init, str):
        return ["all", slot.init]
    if slot.init in DEFAULTS:
        return ["uniform", math.sqrt(6 / slot.fan_in) / DEFAULTS[slot.init]]
    word, _, number = slot.init.partition("=")
    return {"zeros": ["all", 0.0], "ones": ["all", 1.0]}.get(word) or (["all", float(number)] if word == "constant" else ["given"])


def to_text(assets: dict[str, Any]) -> str:
    """As the content of a script element."""
    return json.dumps(assets, separators=(",", ":")).replace("</", "<\\/")
