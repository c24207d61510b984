"""Losses as records: settings, what they say about targets, values and gradients as PyTorch's, errors in words."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.errors import DataError, GraphError, SettingError, ShapeError
from minicnn.losses import LOSSES, BinaryCrossEntropy, Dice, Huber, MeanAbsoluteError, MeanSquaredError, SoftmaxCrossEntropy
from minicnn.losses.targets import checked_targets

ALL = (SoftmaxCrossEntropy, BinaryCrossEntropy, MeanSquaredError, MeanAbsoluteError, Huber, Dice)


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


def test_all_are_known_by_name_and_families_are_not():
    assert {each.__name__ for each in ALL} <= set(LOSSES)
    assert not any(name.startswith("_") for name in LOSSES)


@pytest.mark.parametrize("kind", ALL)
def test_same_settings_are_the_same_loss(kind):
    """Plans are kept by their loss, so it is hashable; its settings make it again."""
    assert kind() == kind(**kind().settings())
    assert hash(kind()) == hash(kind())
    assert kind(reduction="sum") != kind()
    assert repr(kind()) == f"{kind.__name__}()"


def test_weights_are_kept_as_numbers():
    weighted = SoftmaxCrossEntropy(class_weights=np.array([1, 2], np.float32))
    assert weighted == SoftmaxCrossEntropy(class_weights=[1, 2])
    assert weighted.class_weights == (1.0, 2.0)
    assert SoftmaxCrossEntropy(ignore_index=np.int64(255)).ignore_index == 255


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: SoftmaxCrossEntropy(label_smoothing=1),
            "SoftmaxCrossEntropy: label_smoothing is 1, but must be a number, at least 0 and below 1",
        ),
        (lambda: SoftmaxCrossEntropy(label_smoothing="a"), "SoftmaxCrossEntropy: label_smoothing is 'a'"),
        (lambda: SoftmaxCrossEntropy(class_weights=3), "SoftmaxCrossEntropy: class_weights is 3, but must be numbers of at least 0"),
        (lambda: SoftmaxCrossEntropy(class_weights=(1, -1)), "SoftmaxCrossEntropy: class_weights is"),
        (lambda: SoftmaxCrossEntropy(class_weights=(1, np.nan)), "SoftmaxCrossEntropy: class_weights is"),
        (lambda: SoftmaxCrossEntropy(class_weights=()), "SoftmaxCrossEntropy: class_weights is"),
        (lambda: SoftmaxCrossEntropy(ignore_index=1.5), "SoftmaxCrossEntropy: ignore_index is 1.5, but must be a whole number"),
        (lambda: SoftmaxCrossEntropy(ignore_index=2**31), "SoftmaxCrossEntropy: ignore_index is 2147483648"),
        (lambda: SoftmaxCrossEntropy(reduction="none"), "SoftmaxCrossEntropy: reduction is 'none', but training needs one number"),
        (lambda: BinaryCrossEntropy(pos_weight="12"), "BinaryCrossEntropy: pos_weight is '12'"),
        (lambda: Huber(delta=0), "Huber: delta is 0, but must be above 0"),
        (lambda: Huber(delta=-1), "Huber: delta is -1"),
        (lambda: Dice(smooth=0), "Dice: smooth is 0, but must be above 0"),
        (lambda: Dice(smooth=float("inf")), "Dice: smooth is inf"),
    ],
)
def test_settings_out_of_range_are_refused(make, words):
    with pytest.raises(SettingError) as caught:
        make()
    assert caught.value.headline.startswith(words)


@pytest.mark.parametrize(
    ("loss", "output", "words"),
    [
        (SoftmaxCrossEntropy(), (1, 4, 4), "net gives one score for an image"),
        (
            SoftmaxCrossEntropy(class_weights=(1, 2)),
            (3,),
            "net gives 3 for an image, but SoftmaxCrossEntropy has class_weights for 2 channels",
        ),
        (
            BinaryCrossEntropy(pos_weight=(1, 2)),
            (1, 4),
            "net gives 1 x 4 for an image, but BinaryCrossEntropy has pos_weight for 2 channels",
        ),
        (Dice(), (3,), "net gives 3 for an image, but Dice compares regions"),
    ],
)
def test_networks_that_cannot_serve_are_refused(loss, output, words):
    with pytest.raises(GraphError) as caught:
        loss.check("net", output, (1, 8, 8))
    assert caught.value.headline.startswith(words)


def test_shares_have_no_class_to_ignore():
    with pytest.raises(SettingError, match="ignore_index is 2, but labels hold shares"):
        SoftmaxCrossEntropy(ignore_index=2).value(np.zeros((1, 3)), np.ones((1, 3)) / 3)


# ------------------------------------------------------------------------------------------------------------------- values as PyTorch's


def case(rng, name, dtype):
    """(loss, y, labels, what PyTorch computes from y and labels as tensors)."""
    import torch
    from torch.nn import functional as F

    N, K, space = rng.integers(1, 5), rng.integers(2, 5), tuple(rng.integers(1, 4, rng.integers(0, 3)))
    y, weights = rng.uniform(-3, 3, (N, K, *space)).astype(dtype), tuple(rng.uniform(0.1, 2, K).tolist())
    labels, numbers = rng.integers(0, K, (N, *space)), rng.random((N, K, *space)).astype(dtype)
    reduction, smoothing = str(rng.choice(["mean", "sum"])), float(rng.choice([0, 0.1, 0.5]))
    weights = weights if rng.integers(2) else None
    vector = None if weights is None else torch.tensor(weights, dtype=torch.float64)
    if name == "labels":
        labels[rng.random(labels.shape) < 0.2] = 255
        labels.flat[0] = 0
        loss = SoftmaxCrossEntropy(label_smoothing=smoothing, class_weights=weights, ignore_index=255, reduction=reduction)
        how = {"weight": vector, "label_smoothing": smoothing, "ignore_index": 255, "reduction": reduction}
        return loss, y, labels, lambda a, b: F.cross_entropy(a, b, **how)
    if name == "shares":
        loss = SoftmaxCrossEntropy(label_smoothing=smoothing, class_weights=weights, reduction=reduction)
        return loss, y, numbers, lambda a, b: F.cross_entropy(a, b.double(), weight=vector, label_smoothing=smoothing, reduction=reduction)
    if name == "binary":
        loss = BinaryCrossEntropy(pos_weight=weights, reduction=reduction)
        tensor = None if vector is None else vector.reshape(-1, *[1] * len(space))
        return loss, y, numbers, lambda a, b: F.binary_cross_entropy_with_logits(a, b.double(), pos_weight=tensor, reduction=reduction)
    if name == "one mask":
        loss = BinaryCrossEntropy(pos_weight=weights and weights[:1], reduction=reduction)
        how = {"pos_weight": None if vector is None else vector[:1], "reduction": reduction}
        return loss, y[:, :1], labels % 2, lambda a, b: F.binary_cross_entropy_with_logits(a[:, 0], b.double(), **how)
    delta = float(rng.choice([0.1, 1, 3]))
    loss, peer = {
        "squared": (MeanSquaredError(reduction=reduction), F.mse_loss),
        "absolute": (MeanAbsoluteError(reduction=reduction), F.l1_loss),
        "huber": (Huber(delta=delta, reduction=reduction), lambda a, b, reduction: F.huber_loss(a, b, reduction=reduction, delta=delta)),
    }[name]
    return loss, y, numbers, lambda a, b: peer(a, b.double(), reduction=reduction)


@pytest.mark.parametrize("name", ["labels", "shares", "binary", "one mask", "squared", "absolute", "huber"])
@given(seed=st.integers(0, 2**32 - 1), dtype=st.sampled_from([np.float32, np.float64]))
def test_same_as_torch(torch, name, seed, dtype):
    """Value, gradient, and the sum that a mean divides by, with every setting and reduction."""
    loss, y, labels, peer = case(np.random.default_rng(seed), name, dtype)
    leaf = torch.tensor(y, dtype=torch.float64, requires_grad=True)
    wanted = peer(leaf, torch.tensor(labels))
    wanted.backward()
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    assert loss.value(y, labels) == pytest.approx(wanted.item(), rel=tolerance)
    found = loss.gradient(y, labels)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, leaf.grad.numpy(), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(loss.per_image(y, labels).sum() * loss.scale(loss.weights(labels).sum()), wanted.item(), rtol=tolerance)


def test_dice_is_a_mean_over_images():
    y, labels = np.random.default_rng(0).normal(size=(3, 2, 4, 4)), np.random.default_rng(1).integers(0, 2, (3, 4, 4))
    alone = [Dice().value(y[[n]], labels[[n]]) for n in range(3)]
    assert Dice().value(y, labels) == pytest.approx(np.mean(alone))
    assert Dice(reduction="sum").value(y, labels) == pytest.approx(np.sum(alone))
    assert Dice().value((labels[:, None] * 2.0 - 1) * 1e4, labels) == 0


# ------------------------------------------------------------------------------------------------------------- nothing, and what is not a number


def test_the_mean_of_nothing_is_refused_and_its_gradient_is_0():
    y, labels = np.zeros((2, 3)), np.array([9, 9])
    for loss in (SoftmaxCrossEntropy(ignore_index=9), SoftmaxCrossEntropy(class_weights=(1, 1, 0), ignore_index=9)):
        with pytest.raises(
            DataError, match=r"^SoftmaxCrossEntropy: all labels of the 2 images are ignored, or of weight 0, and the mean of nothing"
        ):
            loss.value(y, labels)
        assert not loss.gradient(y, labels).any()
        assert loss.weights(labels).tolist() == [0, 0]
    assert SoftmaxCrossEntropy(ignore_index=9, reduction="sum").value(y, labels) == 0
    with pytest.raises(DataError, match="there are no labels, and the mean of nothing is undefined"):
        MeanSquaredError().value(np.zeros((0, 3)), np.zeros((0, 3)))
    assert SoftmaxCrossEntropy().gradient(np.zeros((0, 3)), np.zeros(0, np.int64)).shape == (0, 3)


def test_an_ignored_image_has_no_gradient():
    loss = SoftmaxCrossEntropy(ignore_index=9)
    dy = loss.gradient(np.zeros((2, 3)), np.array([9, 1]))
    assert dy[0].tolist() == [0, 0, 0]
    np.testing.assert_allclose(dy[1], [1 / 3, -2 / 3, 1 / 3])


@pytest.mark.parametrize("score", [np.nan, np.inf])
def test_outputs_that_are_not_numbers_show(score):
    for loss, labels in [
        (SoftmaxCrossEntropy(), np.array([0])),
        (BinaryCrossEntropy(), np.array([[0.5, 0.5]])),
        (MeanSquaredError(), np.zeros((1, 2))),
        (MeanAbsoluteError(), np.zeros((1, 2))),
        (Huber(), np.zeros((1, 2))),
    ]:
        assert not np.isfinite(loss.value(np.array([[score, 0.0]]), labels))


# ------------------------------------------------------------------------------------------------------------------- targets and predictions


def targets(loss, labels, output):
    return checked_targets("fit", np.asarray(labels), len(labels), loss, "net", output)


def test_whole_numbers_serve_yes_and_no():
    one = targets(BinaryCrossEntropy(), [0, 1, 1], (1,))
    assert (one.dtype, one.shape) == (np.int64, (3,))
    assert targets(BinaryCrossEntropy(), np.zeros((2, 4, 4), np.uint8), (1, 4, 4)).shape == (2, 4, 4)
    assert targets(BinaryCrossEntropy(), np.zeros((2, 3), bool), (3,)).shape == (2, 3)
    assert targets(BinaryCrossEntropy(), [0.0, 1.0], (1,)).shape == (2, 1)
    assert targets(MeanSquaredError(), [1, 2], (1,)).dtype == np.float32


@pytest.mark.parametrize(
    ("loss", "labels", "output", "error", "words"),
    [
        (BinaryCrossEntropy(), [0, 2], (1,), SettingError, "fit: labels run from 0 to 2, but net knows the classes 0 to 1"),
        (
            BinaryCrossEntropy(),
            [[0.0, 2.0]],
            (2,),
            SettingError,
            "fit: labels run from 0 to 2, but BinaryCrossEntropy compares with numbers between 0 and 1",
        ),
        (BinaryCrossEntropy(), [0, 1], (3,), ShapeError, "fit: labels have the shape (2,)"),
        (Dice(), np.zeros((1, 4, 5), int), (2, 4, 4), ShapeError, "fit: labels have the shape (1, 4, 5)"),
        (Dice(), np.full((1, 4, 4), 2), (1, 4, 4), SettingError, "fit: labels run from 2 to 2"),
        (Dice(), np.zeros((1, 4, 4)), (1, 4, 4), SettingError, "fit: labels are float64, but Dice compares with one class a pixel"),
        (SoftmaxCrossEntropy(ignore_index=9), [9, 9], (3,), DataError, "fit: all labels of the 2 images are ignored"),
    ],
)
def test_targets_that_do_not_fit_are_refused(loss, labels, output, error, words):
    with pytest.raises(error) as caught:
        targets(loss, labels, output)
    assert caught.value.headline.startswith(words)


def test_predictions_are_probabilities_or_numbers():
    y = np.array([[0.0, np.log(3)], [-1e4, 1e4]], np.float32)
    np.testing.assert_allclose(SoftmaxCrossEntropy().prediction(y, ()), [[0.25, 0.75], [0, 1]], rtol=1e-6)
    np.testing.assert_allclose(BinaryCrossEntropy().prediction(y, ()), [[0.5, 0.75], [0, 1]], rtol=1e-6)
    np.testing.assert_allclose(Dice().prediction(y[:, :, None], ())[..., 0], [[0.25, 0.75], [0, 1]], rtol=1e-6)
    np.testing.assert_allclose(Dice().prediction(y[:, 1:, None], ())[..., 0], [[0.75], [1]], rtol=1e-6)
    assert MeanSquaredError().prediction(y, ()) is y


def test_right_answers():
    y = np.array([[0.0, 2.0, 1.0], [3.0, 0.0, 0.0]])
    assert SoftmaxCrossEntropy().right(y, np.array([1, 1])) == 1
    assert SoftmaxCrossEntropy(ignore_index=1).right(y, np.array([1, 0])) == 1
    assert SoftmaxCrossEntropy().right(y, np.eye(3)[[1, 0]]) == 2
    assert BinaryCrossEntropy().right(y, np.array([[0, 1, 1], [0, 0, 0]])) == 5
    assert Dice().right(y[..., None], np.array([[1], [0]])) == 2
    assert MeanSquaredError().right(y, y) is None
    assert SoftmaxCrossEntropy().answers(np.ones((2, 3, 4))).tolist() == [4, 4]


def test_a_description_is_read_by_a_process_that_has_used_no_loss_yet():
    """Each is loaded when first named: the zoo's recipe for yolo-digits, and the file of its weights, name one by text."""
    code = "from minicnn.losses.base import build_loss; print(build_loss({'type': 'YOLO', 'boxes': 3}))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "YOLO(boxes=3)\n"
