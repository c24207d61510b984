"""YOLO's loss by hand, against PyTorch, by numeric gradients; boxes decoded; suppression against a loop that takes the best first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.kernels import textbook

from .checks import close, close_to_numeric, generated, numeric_gradient, poisoned, uniform

HEIGHT, WIDTH = 40, 60
LAMBDAS = (5.0, 0.5)


def loss(y, target, boxes, lambdas=LAMBDAS):
    per_image = poisoned(len(y), y.dtype)
    textbook.yolo_forward(per_image, y, target, boxes, HEIGHT, WIDTH, *lambdas)
    return per_image


def gradient(dloss, y, target, boxes, lambdas=LAMBDAS):
    dy = poisoned(y.shape, y.dtype)
    textbook.yolo_backward(dy, dloss, y, target, boxes, HEIGHT, WIDTH, *lambdas)
    return dy


def decoded(y, boxes):
    N, _, P, Q = y.shape
    found = poisoned((N, P * Q * boxes, 6), y.dtype)
    textbook.decode_boxes_forward(found, y, boxes, HEIGHT, WIDTH)
    return found


def kept(found, iou):
    stays = poisoned(found.shape[:2], np.int64)
    textbook.non_maximum_suppression_forward(stays, found, iou)
    return stays


def objects(rng, images, most, classes):
    """Up to so many boxes an image, all inside."""
    target = np.full((images, most, 5), -1.0)
    for row in target:
        for box in row[: rng.integers(0, most + 1)]:
            w, h = rng.uniform(2, WIDTH), rng.uniform(2, HEIGHT)
            box[:] = rng.uniform(0, WIDTH - w), rng.uniform(0, HEIGHT - h), w, h, rng.integers(classes)
    return target


def overlap(one, other):
    """Intersection over union of boxes [..., 4] by centre, width and height, in PyTorch."""
    low = (one[..., :2] - one[..., 2:] / 2).maximum(other[..., :2] - other[..., 2:] / 2)
    high = (one[..., :2] + one[..., 2:] / 2).minimum(other[..., :2] + other[..., 2:] / 2)
    shared = (high - low).clamp(min=0).prod(-1)
    return shared / (one[..., 2:].prod(-1) + other[..., 2:].prod(-1) - shared).clamp(min=1e-300)


def torch_loss(torch, y, target, B):
    """Cell by cell as the paper has it, with tensors in place of loops over boxes and classes; and how clear each choice of a box was."""
    per_image, clear = [], []
    P, Q = y.shape[2:]
    size = torch.tensor([WIDTH, HEIGHT], dtype=torch.float64)
    for image, rows in zip(y, torch.tensor(target), strict=True):
        numbers, classes = image[: 5 * B].reshape(B, 5, P, Q), image[5 * B :]
        total = LAMBDAS[1] * (numbers[:, 4] ** 2).sum()
        taken = set()
        for box in rows[rows[:, 4] >= 0]:
            centre = (box[:2] + box[2:4] / 2) / size * torch.tensor([Q, P])
            q, p = centre.floor().long().tolist()
            if (p, q) in taken:
                continue
            taken.add((p, q))
            cell = numbers[:, :, p, q]
            own = torch.cat([(cell[:, :2] + torch.tensor([q, p])) / torch.tensor([Q, P]), cell[:, 2:4] ** 2], 1)
            true = torch.cat([centre / torch.tensor([Q, P]), box[2:4] / size])
            scores = overlap(own, true).detach()
            corner = torch.cat([own[:, :2] - own[:, 2:] / 2, own[:, 2:]], 1) - torch.cat([true[:2] - true[2:] / 2, true[2:]])
            ranked = sorted(range(B), key=lambda b: (-scores[b].item(), (corner[b] ** 2).sum().item()))
            b = ranked[0]
            clear.append(B == 1 or (scores[b] - scores[ranked[1]]).item() > 1e-4)
            total = total + LAMBDAS[0] * ((cell[b, :2] - centre + torch.tensor([q, p])) ** 2).sum()
            total = total + LAMBDAS[0] * ((cell[b, 2:4] - (box[2:4] / size).sqrt()) ** 2).sum()
            total = total + (cell[b, 4] - scores[b]) ** 2 - LAMBDAS[1] * cell[b, 4] ** 2
            truth = torch.nn.functional.one_hot(box[4].long(), len(classes))
            total = total + ((classes[:, p, q] - truth) ** 2).sum()
        per_image.append(total)
    return torch.stack(per_image), clear


def test_by_hand():
    """One cell, one box, two classes: the object fills the middle half of each side, the box has its place and half its width."""
    target = np.array([[[15.0, 10.0, 30.0, 20.0, 1.0], [-1.0] * 5]])
    y = np.array([0.5, 0.25, 0.5, np.sqrt(0.5), 0.75, 0.5, 0.5]).reshape(1, 7, 1, 1)
    share = 15 * 10 / (15 * 20 + 30 * 20 - 15 * 10)  # the box is 15 wide and 20 high, and 10 too high up
    expected = 5 * (0.25**2 + (0.5 - np.sqrt(0.5)) ** 2) + (0.75 - share) ** 2 + 0.5**2 + 0.5**2
    close(loss(y, target, 1), np.array([expected]))
    slope = 2 * np.array([0, 5 * -0.25, 5 * (0.5 - np.sqrt(0.5)), 0, 0.75 - share, 0.5, -0.5])
    close(gradient(np.array([1.0]), y, target, 1).ravel(), slope)


def test_a_cell_without_an_object_only_has_to_be_sure_of_it():
    y = uniform(0, (1, 2 * 5 + 3, 2, 2))
    close(loss(y, np.full((1, 2, 5), -1.0), 2), np.array([0.5 * (y[0, 4] ** 2 + y[0, 9] ** 2).sum()]), 8)
    dy = gradient(np.array([2.0]), y, np.full((1, 2, 5), -1.0), 2)
    assert np.flatnonzero(dy.any(axis=(0, 2, 3))).tolist() == [4, 9]


def test_a_cell_answers_for_the_first_of_its_objects():
    y = uniform(1, (1, 13, 1, 1))
    both = np.array([[[-1.0] * 5, [1, 2, 30, 20, 2], [9, 8, 33, 22, 0]]])
    first = np.array([[[1.0, 2, 30, 20, 2]]])
    assert loss(y, both, 2) == loss(y, first, 2)


def test_an_object_on_the_edge_of_two_cells_belongs_to_the_second():
    target = np.array([[[25.0, 5.0, 10.0, 10.0, 0.0]]])  # its centre is (30, 10): column 1 of 2, row 0 of 2
    dy = gradient(np.array([1.0]), np.full((1, 6, 2, 2), 0.5), target, 1)
    assert np.argwhere(dy[0, 5]).tolist() == [[0, 1]]


def test_of_boxes_that_overlap_nothing_the_nearest_learns():
    target = np.array([[[45.0, 30.0, 6.0, 6.0, 0.0]]])
    y = np.zeros((1, 11, 1, 1))
    y[0, [0, 1, 5, 6], 0, 0] = 0.1, 0.1, 0.4, 0.4  # both of no size
    dy = gradient(np.array([1.0]), y, target, 2)
    assert dy[0, :4].any() == False  # noqa: E712
    assert dy[0, 5:9].all()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_same_as_torch(torch, dtype):
    @generated
    @given(
        N=st.integers(1, 3),
        B=st.integers(1, 3),
        K=st.integers(1, 4),
        P=st.integers(1, 4),
        Q=st.integers(1, 4),
        seed=st.integers(0, 2**32 - 1),
    )
    def compare(N, B, K, P, Q, seed):
        rng = np.random.default_rng(seed)
        y, target = uniform(seed, (N, 5 * B + K, P, Q), dtype), objects(rng, N, 3, K).astype(dtype)
        leaf = torch.tensor(y, dtype=torch.float64, requires_grad=True)
        expected, clear = torch_loss(torch, leaf, target.astype(np.float64), B)
        if not all(clear):
            return
        expected.sum().backward()
        close(loss(y, target, B), expected.detach().numpy(), 100 * P * Q)  # up to 50 terms a cell, each at most 20
        close(gradient(np.ones(N, dtype), y, target, B), leaf.grad.numpy(), 20)

    compare()


def test_numeric_gradient():
    """Nothing is learnt through the overlap: the gradient is that of the loss where confidence and overlap agree."""
    rng = np.random.default_rng(3)
    y, target, dloss = uniform(2, (3, 2 * 5 + 3, 2, 3)), objects(rng, 3, 4, 3), uniform(4, 3)
    for _ in range(2):  # a step by the gradient of the confidence alone, 1/2 of the second derivative, makes them agree
        dy = gradient(np.ones(3), y, target, 2)
        for b in (0, 1):
            responsible = dy[:, 5 * b : 5 * b + 4].any(axis=1)
            y[:, 5 * b + 4] -= np.where(responsible, dy[:, 5 * b + 4] / 2, 0)
    got = gradient(dloss, y, target, 2)
    assert np.abs(got[:, :4]).max() > 0.1
    close_to_numeric(got, numeric_gradient(lambda v: loss(v, target, 2), y, dloss))


def test_what_the_loss_wants_decodes_to_the_objects():
    """Outputs without any loss say exactly the boxes of the target."""
    rng = np.random.default_rng(5)
    target = objects(rng, 4, 1, 3)
    y = np.zeros((4, 5 + 3, 3, 5))
    for image, (x, top, w, h, k) in zip(y, target[:, 0], strict=True):
        if k >= 0:
            column, row = (x + w / 2) * 5 / WIDTH, (top + h / 2) * 3 / HEIGHT
            cell = image[:, int(row), int(column)]
            cell[:5] = column % 1, row % 1, np.sqrt(w / WIDTH), np.sqrt(h / HEIGHT), 1
            cell[5 + int(k)] = 1
    assert loss(y, target, 1).max() < 1e-24
    for found, wanted in zip(decoded(y, 1), target, strict=True):
        np.testing.assert_allclose(found[found[:, 5] > 0, :5], wanted[wanted[:, 4] >= 0], rtol=1e-12)


def test_scores_count_what_is_negative_as_zero():
    y = np.array([0.5, 0.5, 0.5, -0.5, -0.5, -0.5, -0.25]).reshape(1, 7, 1, 1)
    assert decoded(y, 1).tolist() == [[[22.5, 15.0, 15.0, 10.0, 1.0, 0.0]]]


def suppressed(found, iou):
    """The best of what is left, again and again; what it overlaps in its class goes."""
    left, stays = list(range(len(found))), np.zeros(len(found), np.int64)
    while left:
        best, *left = left
        stays[best] = 1
        x, y, w, h = found[best, :4]
        shared = [max(0, min(x + w, a + c) - max(x, a)) * max(0, min(y + h, b + d) - max(y, b)) for a, b, c, d in found[left, :4]]
        union = [w * h + found[j, 2] * found[j, 3] - s for j, s in zip(left, shared, strict=True)]
        left = [j for j, s, u in zip(left, shared, union, strict=True) if found[j, 4] != found[best, 4] or s <= iou * u]
    return stays


@pytest.mark.parametrize("iou", [0.0, 0.25, 0.5, 1.0])
def test_suppression_takes_the_best_first(iou):
    rng = np.random.default_rng(6)
    found = np.concatenate(
        [rng.uniform(0, 8, (20, 12, 2)), rng.uniform(2, 9, (20, 12, 2)), rng.integers(0, 3, (20, 12, 1)), rng.random((20, 12, 1))], 2
    )
    found = np.take_along_axis(found, np.argsort(-found[:, :, 5:], axis=1), axis=1)
    stays = kept(found, iou)
    assert stays.tolist() == [suppressed(each, iou).tolist() for each in found]
    assert (0 < stays.mean() < 1) or iou == 1.0


def test_a_suppressed_box_suppresses_none():
    """The second goes because of the first; the third overlaps only the second, and stays."""
    row = np.array([[[0, 0, 10, 10, 0, 0.9], [4, 0, 10, 10, 0, 0.8], [8, 0, 10, 10, 0, 0.7]]])
    assert kept(row, 0.3).tolist() == [[1, 0, 1]]
