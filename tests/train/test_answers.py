"""What a network says, by the loss it was trained with: in Python, and of users' pictures of any size."""

from __future__ import annotations

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn import losses
from minicnn.datasets import from_arrays
from minicnn.errors import ShapeError
from minicnn.preparation import Preparation
from minicnn.train import TrainedNetwork, View, answer_kind, answers, examine, load_trained, view

rng = np.random.default_rng(0)
IMAGES = rng.integers(0, 256, (24, 1, 8, 8)).astype(np.uint8)
BRIGHT = (IMAGES.mean(axis=(1, 2, 3)) > 127).astype(int)
MASKS = (IMAGES[:, 0] > 127).astype(int)
BOXES = np.concatenate([np.full((24, 1, 5), [1.0, 1, 4, 4, 0]), np.full((24, 1, 5), -1.0)], axis=1)
ONE_ROW, PIXELS = (lambda k: (L.Flatten(), L.Linear(k))), (lambda k: (L.Conv2D(k, 3, padding=1),))

# name: layers, labels, loss, kind, shape of the predictions for 24 images
CONTRACT = {
    "classes": (ONE_ROW(3), BRIGHT, losses.SoftmaxCrossEntropy(), "class", (24, 3)),
    "shares of classes": (ONE_ROW(2), np.eye(2, dtype=np.float32)[BRIGHT], losses.SoftmaxCrossEntropy(), "class", (24, 2)),
    "yes or no": (ONE_ROW(1), BRIGHT, losses.BinaryCrossEntropy(), "class", (24, 1)),
    "several at once": (ONE_ROW(3), rng.integers(0, 2, (24, 3)).astype(np.float32), losses.BinaryCrossEntropy(), "class", (24, 3)),
    "masks": (PIXELS(2), MASKS, losses.SoftmaxCrossEntropy(), "mask", (24, 2, 8, 8)),
    "masks with gaps": (PIXELS(2), np.where(MASKS == 1, 1, 255), losses.SoftmaxCrossEntropy(ignore_index=255), "mask", (24, 2, 8, 8)),
    "masks of one channel": (PIXELS(1), MASKS, losses.BinaryCrossEntropy(), "mask", (24, 1, 8, 8)),
    "overlap": (PIXELS(3), MASKS, losses.Dice(), "mask", (24, 3, 8, 8)),
    "overlap of one channel": (PIXELS(1), MASKS, losses.Dice(), "mask", (24, 1, 8, 8)),
    "squares": (ONE_ROW(2), rng.random((24, 2), np.float32), losses.MeanSquaredError(), "numbers", (24, 2)),
    "one number": (ONE_ROW(1), rng.random(24, np.float32), losses.MeanAbsoluteError(), "numbers", (24, 1)),
    "a map": (PIXELS(1), rng.random((24, 1, 8, 8), np.float32), losses.Huber(), "numbers", (24, 1, 8, 8)),
    "boxes": ((L.Conv2D(12, 3, padding=1, stride=4),), BOXES, losses.YOLO(score=0.0), "boxes", None),
}


@pytest.mark.parametrize("name", CONTRACT)
def test_what_a_network_predicts_follows_its_loss(name, tmp_path):
    body, labels, loss, kind, shape = CONTRACT[name]
    net = minicnn.Graph(L.Sequential(*body), (1, 8, 8), seed=1)
    trainer = minicnn.Trainer(net, loss=loss, threads=1, batch_size=8)
    trainer.fit((IMAGES, labels), epochs=1)
    told = trainer.predict(IMAGES)
    if kind == "boxes":
        assert len(told) == 24
        assert all(len(box) == 6 for box in told[0])
    else:
        assert (told.shape, told.dtype) == (shape, np.float32)
    if kind in ("class", "mask"):
        assert ((told >= 0) & (told <= 1)).all()
    for mine, other in zip(told, net.predict(IMAGES), strict=True):
        np.testing.assert_array_equal(mine, other)

    found = trainer.evaluate((IMAGES, labels), mistakes=100)
    assert (found.kind, found.images) == (kind, 24)
    wanted = {"class": ["accuracy"], "numbers": ["mean_absolute_error"], "boxes": ["mean_average_precision"]}.get(kind)
    assert wanted is None or list(found.metrics) == wanted
    net.save(tmp_path / "net.safetensors")
    trained = load_trained(tmp_path / "net.safetensors")
    again = examine(trained, from_arrays(IMAGES, labels, target="boxes" if kind == "boxes" else ""))
    assert again.metrics == found.metrics

    said = answers(trained, [View.whole(image) for image in IMAGES])
    assert {each.kind for each in said} == {kind}
    for n, each in enumerate(said):
        if kind == "class":
            expected = np.array([1 - told[n][0], told[n][0]]) if shape[1] == 1 else told[n]
        elif kind == "mask":
            expected = told[n][0] >= 0.5 if shape[1] == 1 else told[n].argmax(axis=0)
        else:
            expected = told[n]
        np.testing.assert_array_equal(each.found, expected)
    if found.confusion is not None:
        assert found.metrics.get("accuracy", np.trace(found.confusion) / found.confusion.sum()) == pytest.approx(
            np.trace(found.confusion) / found.confusion.sum()
        )


@pytest.mark.parametrize("channels", [1, 2])
def test_an_overlap_of_nothing_is_not_called_perfect(channels):
    """With one channel every pixel was taken for class 0, on both sides of the comparison."""
    net = minicnn.Graph(L.Sequential(*PIXELS(channels)), (1, 8, 8), seed=1)
    trainer = minicnn.Trainer(net, loss=losses.Dice(), threads=1)
    trainer.fit((IMAGES, MASKS), epochs=1)
    net.parameters["conv1.weight"][...] = 0
    net.parameters["conv1.bias"][...] = [9.0] if channels == 1 else [0.0, 9.0]  # class 1 everywhere
    found = trainer.evaluate((IMAGES, MASKS))
    assert found.confusion.tolist() == [[0, int((MASKS == 0).sum())], [0, int(MASKS.sum())]]
    assert found.metrics["mean_iou"] == pytest.approx(MASKS.mean() / 2)
    assert [found.class_iou(k) for k in range(2)] == [0.0, pytest.approx(MASKS.mean())]


def of_places(body, loss, input_shape=(1, 16, 16), classes=("ground", "thing")):
    """A network that was never trained, with all it takes to be asked."""
    net = minicnn.Graph(L.Sequential(*body), input_shape, seed=3)
    size = tuple(16 if each is None else each for each in input_shape)
    return TrainedNetwork(net, Preparation(size, (0.5,), (0.25,), 255.0), classes, size, "things", 1, loss)


def unet():
    inner = L.Sequential(L.MaxPool2D(2), L.Conv2D(6, 3, padding=1), L.ReLU(), L.ConvTranspose2D(4, 2, stride=2))
    return (L.Conv2D(4, 3, padding=1), L.ReLU(), L.Skip(inner), L.Conv2D(2, 1))


@pytest.mark.parametrize("shape", [(16, 16), (16, 40), (21, 19), (6, 5)])
@pytest.mark.parametrize("free", [False, True])
def test_a_network_of_convolutions_takes_a_picture_of_any_size(shape, free):
    trained = of_places(unet(), losses.SoftmaxCrossEntropy(), (1, None, None) if free else (1, 16, 16))
    picture = rng.integers(0, 256, (1, *shape)).astype(np.uint8)
    (answer,) = answers(trained, [view(trained, picture, "x.png")])
    assert answer.found.shape == shape
    larger = np.pad(picture, ((0, 0), (0, shape[0] % 2), (0, shape[1] % 2)), mode="edge")
    net = minicnn.Graph(L.Sequential(*unet()), (1, None, None), seed=3)
    net.adopt(dict(trained.net.arrays), "net")
    x = (larger[None].astype(np.float32) / 255 - np.float32(0.5)) / np.float32(0.25)
    scores = net.forward(x)[0][:, : shape[0], : shape[1]]
    clear = np.abs(scores[0] - scores[1]) > 1e-4
    np.testing.assert_array_equal(answer.found[clear], scores.argmax(axis=0)[clear])


def test_pictures_of_several_sizes_keep_their_order():
    trained = of_places(unet(), losses.SoftmaxCrossEntropy())
    shapes = [(16, 16), (20, 24), (16, 16), (8, 30)]
    pictures = [rng.integers(0, 256, (1, *shape)).astype(np.uint8) for shape in shapes]
    found = answers(trained, [view(trained, each, "x") for each in pictures])
    assert [each.found.shape for each in found] == shapes
    for each, picture in zip(found, pictures, strict=True):
        np.testing.assert_array_equal(each.found, answers(trained, [view(trained, picture, "x")])[0].found)


def test_a_network_without_padding_says_nothing_of_the_border():
    trained = of_places((L.Conv2D(2, 5),), losses.SoftmaxCrossEntropy())
    (answer,) = answers(trained, [view(trained, IMAGES[:1, 0].repeat(3, axis=1), "x")])
    assert answer.found.shape == (24, 8)
    inside = np.zeros((24, 8), bool)
    inside[2:-2, 2:-2] = True
    assert ((answer.found == -1) == ~inside).all()


def test_a_coarse_mask_is_as_large_as_the_picture():
    trained = of_places((L.Conv2D(2, 4, stride=4),), losses.SoftmaxCrossEntropy())
    picture = np.zeros((1, 16, 32), np.uint8)
    picture[:, 4:8, 8:12] = 255
    (answer,) = answers(trained, [view(trained, picture, "x")])
    blocks = answer.found.reshape(4, 4, 8, 4).swapaxes(1, 2).reshape(32, 16)
    assert (blocks == blocks[:, :1]).all()


SAYING = (0.5, 0.5, 0.25**0.5, 0.5**0.5, 0.9, 1.0, 0.0)  # a box in the middle of its cell, a quarter wide and half as high as 16 pixels


def boxer(input_shape=(1, 16, 16)):
    """Two by two cells, each of which sees the same box of 4 x 8 pixels in its middle."""
    trained = of_places((L.Conv2D(7, 8, stride=8),), losses.YOLO(boxes=1), input_shape)
    trained.net.parameters["conv1.weight"][...] = 0
    trained.net.parameters["conv1.bias"][...] = SAYING
    return trained


@pytest.mark.parametrize("free", [False, True])
def test_boxes_keep_their_size_in_pixels_on_a_larger_picture(free):
    trained = boxer((1, None, None) if free else (1, 16, 16))
    (answer,) = answers(trained, [view(trained, np.zeros((1, 16, 30), np.uint8), "x")])
    wanted = [[x + 2, y, 4, 8, 0, 0.9] for y in (0, 8) for x in (0, 8, 16, 24)]
    np.testing.assert_allclose(sorted(answer.found.tolist()), sorted(wanted), atol=1e-4)
    if free:  # the same from Python
        trained.net.trained_on = None
        trained.net.trained_on = minicnn.trained_on.TrainedOn(trained.preparation, ("a", "b"), (1, 16, 16), "things", 1, trained.loss)
        (found,) = trained.net.predict(np.zeros((1, 1, 16, 32), np.uint8))
        np.testing.assert_allclose(sorted(found.tolist()), sorted(wanted), atol=1e-4)


def test_what_is_seen_in_the_repeated_edge_is_left_out():
    trained = boxer()
    (answer,) = answers(trained, [view(trained, np.zeros((1, 16, 19), np.uint8), "x")])
    assert {round(x) for x in answer.found[:, 0]} == {2, 10}  # that of the last cell would have its middle at 20


def test_boxes_on_a_stretched_picture_are_in_the_pixels_of_the_users():
    trained = boxer()
    (answer,) = answers(trained, [view(trained, np.zeros((1, 32, 64), np.uint8), "x", resize=True)])
    np.testing.assert_allclose(sorted(answer.found.tolist()), [[x, y, 16, 16, 0, 0.9] for x in (8, 40) for y in (0, 16)], atol=1e-4)


def test_a_mask_of_a_stretched_picture_is_stretched_back():
    trained = of_places((L.Conv2D(2, 1),), losses.SoftmaxCrossEntropy())
    trained.net.parameters["conv1.weight"][...] = np.array([-1, 1]).reshape(2, 1, 1, 1)
    picture = np.zeros((1, 32, 48), np.uint8)
    picture[:, 8:20, 12:36] = 255
    (answer,) = answers(trained, [view(trained, picture, "x", resize=True)])
    np.testing.assert_array_equal(answer.found, picture[0] // 255)


def test_a_network_of_one_size_asks_for_stretching():
    body = (L.Flatten(), L.Linear(7 * 4), L.Reshape((7, 2, 2)))
    trained = of_places(body, losses.YOLO(boxes=1))
    picture = np.zeros((1, 20, 20), np.uint8)
    with pytest.raises(ShapeError, match=r"^x is 20 x 20, but network was trained on 16 x 16 \(things\)\n.*--resize"):
        view(trained, picture, "x")
    assert view(trained, picture, "x", resize=True).pixels.shape == (1, 16, 16)


def test_a_picture_that_would_take_too_much_memory(monkeypatch):
    monkeypatch.setattr(minicnn.train.views, "LARGEST_IMAGE", 4000)
    trained = of_places(unet(), losses.SoftmaxCrossEntropy())
    with pytest.raises(ShapeError, match=r"^x is 40 x 40, for which conv1 makes 6,400 numbers, more than 4,000\n.*--resize"):
        view(trained, np.zeros((1, 40, 40), np.uint8), "x")


def test_kinds_of_losses_of_ones_own():
    class Twice(losses.MeanSquaredError, registered=False):
        pass

    assert answer_kind(Twice(), (4,)) == "numbers"
    assert answer_kind(losses.Dice(), (2, 8, 8)) == "mask"
    assert answer_kind(losses.BinaryCrossEntropy(), (1,)) == "class"


def test_a_network_with_free_axes_is_saved_examined_and_asked(tmp_path):
    net = minicnn.Graph(L.Sequential(*unet()), (1, None, None), seed=3)
    trainer = minicnn.Trainer(net.sized((1, 8, 8)), loss=losses.Dice(), threads=1)
    trainer.fit((IMAGES, MASKS), epochs=1)
    net.save(tmp_path / "free.safetensors")
    trained = load_trained(tmp_path / "free.safetensors")
    assert examine(trained, from_arrays(IMAGES, MASKS)).metrics == trainer.evaluate((IMAGES, MASKS)).metrics
    picture = rng.integers(0, 256, (1, 12, 20)).astype(np.uint8)
    (answer,) = answers(trained, [view(trained, picture, "x")])
    np.testing.assert_array_equal(answer.found, net.predict(picture[None])[0].argmax(axis=0))
