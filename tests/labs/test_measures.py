"""What labs measure is what they say: on pictures whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

import minicnn
from minicnn.labs import detect, see, segment, transfer


def test_otsu_parts_two_heaps():
    image = np.array([[10, 12, 200], [11, 205, 210]], np.uint8)
    assert 12 <= segment.otsu(image) < 200
    assert segment.otsu(np.full((4, 4), 7, np.uint8)) <= 7


def test_intersection_over_union_of_cells():
    truth = np.array([[[1, 1, 0, 0]]])
    assert segment.iou(np.array([[[0, 1, 1, 0]]]), truth) == pytest.approx(1 / 3)
    assert segment.iou(truth, truth) == 1


def test_only_pixels_beside_a_border_count():
    truth = np.zeros((1, 1, 8), np.int64)
    truth[..., 4:] = 1
    far, near = truth.copy(), truth.copy()
    far[..., 0], near[..., 3] = 1, 1
    assert segment.near_borders(far, truth) == 0
    assert segment.near_borders(near, truth) == 0.5


def test_turns_share_their_weights():
    sizes = [minicnn.Graph(segment.refined(turns), (1, 8, 8)).summary().totals.params for turns in (1, 3)]
    assert sizes[0] == sizes[1]


def test_skips_cost_weights_and_keep_the_size():
    shapes = [minicnn.Graph(segment.unet(skips), (1, 16, 16)).output_shape for skips in (True, False)]
    assert shapes == [(8, 16, 16)] * 2


def test_an_edge_has_one_direction_and_a_dot_none():
    edge, dot = np.zeros((1, 5, 5)), np.zeros((1, 5, 5))
    edge[:, :, 3:], dot[:, 2, 2] = 1, 1
    assert see.oriented(edge) == pytest.approx(1)
    assert see.oriented(np.concatenate([edge, -edge])) == pytest.approx(1)
    assert see.oriented(edge.transpose(0, 2, 1)) == pytest.approx(1)
    assert see.oriented(dot) == pytest.approx(0, abs=1e-9)


def test_a_slope_is_smooth_and_a_chessboard_is_not():
    rows, columns = np.mgrid[:5, :5]
    assert see.smoothness((rows + columns)[None].astype(float)) > 0.9
    assert see.smoothness(((rows + columns) % 2)[None].astype(float)) < -0.9


def test_a_unit_of_one_class_is_selective(monkeypatch):
    labels = np.repeat(np.arange(10), 9)
    values = np.stack([labels == 3, np.ones(90)], axis=1).astype(float)
    monkeypatch.setattr(see, "answers", lambda net, x, layer: values)
    assert see.selectivity(None, None, labels, "relu1") == pytest.approx(0.5)  # 1 and 0
    assert see.purity(None, None, labels, "relu1") == 1


def test_few_of_each_class():
    images, labels = np.arange(40)[:, None], np.arange(40) % 4
    few, classes = transfer.few_of_each((images, labels), 3, seed=1)
    assert np.bincount(classes).tolist() == [3] * 4
    assert (few[:, 0] % 4 == classes).all()
    other, _ = transfer.few_of_each((images, labels), 3, seed=2)
    assert not np.array_equal(few, other)


def test_what_is_taken_over_is_frozen_and_the_rest_is_new():
    first = transfer.network(0)
    net = transfer.start(first, 2, 2, seed=0)
    same = {
        name: np.array_equal(values, first.parameters[name]) for name, values in net.parameters.items() if name.endswith("conv2.weight")
    }
    assert same == {"conv2.weight": True}
    assert not np.array_equal(net.parameters["conv3.weight"], first.parameters["conv3.weight"])
    assert not np.array_equal(net.parameters["classify.weight"], first.parameters["classify.weight"])


BOXES = np.array([[[10, 10, 20, 20, 3, 0.9], [12, 10, 20, 20, 3, 0.8], [60, 60, 20, 20, 3, 0.7], [0, 0, 0, 0, 3, 0.01]]])


def test_suppression_keeps_the_surest_and_drops_the_weak():
    assert [len(detect.suppressed(BOXES, bound)[0]) for bound in (0.5, 1.0)] == [2, 3]
    assert detect.suppressed(BOXES, 0.5)[0][:, 5].tolist() == [0.9, 0.7]


def test_recall_by_size():
    truth = np.array([[[10, 10, 20, 20, 3], [60, 60, 10, 10, 3], [-1, -1, -1, -1, -1]]], np.float32)
    assert detect.recall_by_size(detect.suppressed(BOXES, 0.5), truth) == (0, 1)


def test_overlap_by_confidence():
    truth = np.array([[[10, 10, 20, 20, 3]]], np.float32)
    assert detect.by_confidence(detect.suppressed(BOXES, 0.5), truth) == pytest.approx((1, 0))


def test_boxes_are_outlined():
    drawn = detect.outlined(np.zeros((96, 96), np.uint8), BOXES[0, :1])
    assert drawn[10, 10:31].tolist() == [255] * 21
    assert drawn[20, 20] == 0
