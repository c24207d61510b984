"""What a page says of boxes is what minicnn says: which there are, and how far they are right."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import minicnn
import minicnn.layers as L
from minicnn import Graph
from minicnn.losses import YOLO
from minicnn.metrics import mean_average_precision
from minicnn.page.assets import box_settings
from minicnn.page.loops import definitions, described
from minicnn.page.modules import path
from minicnn.page.write import BOX_LOOPS

SCRIPT = Path(minicnn.__file__).parent / "page" / "script"
IMAGES, SIDE, CELLS, CLASSES = 30, 48, 4, 3


def answers(drawn, loss):
    """Outputs of a network that finds most objects, not all of them well, and sees some that are not there; and the objects."""
    y = drawn.normal(0.1, 0.15, (IMAGES, 5 * loss.boxes + CLASSES, CELLS, CELLS)).astype(np.float32)
    truth = np.full((IMAGES, 4, 5), -1, np.float32)
    for n in range(IMAGES):
        for m in range(drawn.integers(0, 5)):
            w, h = drawn.uniform(8, 20, 2)
            x, y0, k = drawn.uniform(0, SIDE - w), drawn.uniform(0, SIDE - h), drawn.integers(CLASSES)
            truth[n, m] = x, y0, w, h, k
            column, row = (x + w / 2) * CELLS / SIDE, (y0 + h / 2) * CELLS / SIDE
            p, q = int(row), int(column)
            box = np.array([column - q, row - p, np.sqrt(w / SIDE), np.sqrt(h / SIDE), drawn.uniform(0.2, 1)])
            y[n, :5, p, q] = box + drawn.normal(0, 0.08, 5)
            y[n, 5 * loss.boxes + k, p, q] = drawn.uniform(0.3, 1)
    return y, truth


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed: apt-get install nodejs")
def test_boxes_and_their_mean_average_precision(tmp_path):
    loss = YOLO(boxes=2, iou=0.4)
    net = Graph(L.Sequential(L.MaxPool2D(12), L.Conv2D(5 * loss.boxes + CLASSES, 1)), (1, SIDE, SIDE))
    y, truth = answers(np.random.default_rng(8), loss)
    case = {
        "loops": described(definitions(BOX_LOOPS)),
        "network": {"target": "boxes", "boxes": box_settings(loss, net), "walk": {"values": {"last": [0, y.shape[1:]]}}},
        "scores": y.ravel().tolist(),
        "truth": truth.ravel().tolist(),
        "tests": IMAGES,
    }
    (tmp_path / "case.json").write_text(json.dumps(case))
    command = ["node", Path(__file__).parent / "judge.mjs", SCRIPT, path("textbook"), tmp_path / "case.json"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not run.returncode, run.stderr
    told = json.loads(run.stdout)
    found = loss.prediction(y, net.input_shape)
    want = mean_average_precision(found, truth)
    assert 0.2 < want < 0.9
    assert told["figure"] == pytest.approx(want, rel=1e-12)
    sure = box_settings(loss, net)["sure"]
    assert len(told["found"]) > IMAGES / 2
    for n, boxes in told["found"].items():
        np.testing.assert_array_equal(np.reshape(boxes, (-1, 6)), found[int(n)][found[int(n)][:, 5] >= sure])
