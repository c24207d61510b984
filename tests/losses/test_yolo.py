"""YOLO's loss as a network has it: what it refuses, what it calls its loops with, the boxes that it predicts, training by hand."""

import numpy as np
import pytest

import minicnn
from minicnn import losses
from minicnn.errors import GraphError, SettingError
from minicnn.layers import Conv2D, LeakyReLU, MaxPool2D, Sequential
from minicnn.metrics.mean_average_precision import mean_average_precision

LOSS = losses.YOLO(boxes=1)


def test_a_mean_over_images():
    y, target = np.full((2, 7, 1, 1), 0.5), np.array([[[-1.0] * 5], [[10, 10, 20, 20, 1]]])
    per_image = LOSS.per_image(y, target, (1, 40, 40))
    assert per_image[0] == 0.5 * 0.25
    assert LOSS.value(y, target, (1, 40, 40)) == per_image.mean()
    assert LOSS.gradient(y, target, (1, 40, 40))[0, 4, 0, 0] == 0.5 * 0.5  # twice, of two images


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"boxes": 0}, "^YOLO: boxes is 0, but must be at least 1"),
        ({"boxes": 1.5}, "^YOLO: boxes is 1.5"),
        ({"lambda_coord": -1.0}, "^YOLO: lambda_coord is -1.0, but must be a number, at least 0"),
        ({"iou": float("nan")}, "^YOLO: iou is nan"),
    ],
)
def test_settings_are_checked(settings, words):
    with pytest.raises(SettingError, match=words):
        losses.YOLO(**settings)


@pytest.mark.parametrize("shape", [(10,), (10, 4), (10, 4, 4)])
def test_outputs_that_are_no_grid_of_boxes(shape):
    with pytest.raises(
        GraphError, match=r"^head gives .* for an image, but YOLO needs 5 numbers for each of 2 boxes and one for each class"
    ):
        losses.YOLO().check("head", shape, (1, 32, 32))
    losses.YOLO().check("head", (11, 4, 4), (1, 32, 32))


def test_predictions_are_the_best_of_what_overlaps_highest_score_first():
    """Three cells see the same object; one says another class; one is not sure enough."""
    y = np.zeros((2, 7, 1, 4), np.float32)
    y[0, 2:4] = 0.5  # 20 wide, 10 high on 80 x 40
    y[0, 1] = 0.5
    y[0, 0, 0] = 0.5, -0.5, -1.5, -2.5  # all with the centre at 10
    y[0, 4, 0] = 0.5, 0.75, 0.04, 0.25
    y[0, 5, 0], y[0, 6, 0] = (1, 1, 1, 0), (0, 0, 0, 1)
    first, second = losses.YOLO(boxes=1).prediction(y, (1, 40, 80))
    np.testing.assert_allclose(first, [[0, 15, 20, 10, 0, 0.75], [0, 15, 20, 10, 1, 0.25]], rtol=1e-6)
    assert second.shape == (0, 6)
    assert losses.YOLO(boxes=1).prediction(y[:0], (1, 40, 80)) == []


def test_a_network_learns_to_find_squares():
    """Bright squares of two sizes, which are the two classes, on a grid of 4 x 4 cells of 8 pixels."""
    rng = np.random.default_rng(0)
    images, target = np.zeros((64, 1, 32, 32), np.float32), np.full((64, 1, 5), -1, np.float32)
    for image, box in zip(images, target[:, 0], strict=True):
        k = rng.integers(2)
        size = (6, 12)[k]
        h, w = rng.integers(0, 32 - size, 2)
        image[0, h : h + size, w : w + size] = 1
        box[:] = w, h, size, size, k
    body = (
        Conv2D(8, 5, padding=2),
        LeakyReLU(0.1),
        MaxPool2D(4),
        Conv2D(16, 5, padding=2),
        LeakyReLU(0.1),
        MaxPool2D(2),
        Conv2D(7, 3, padding=1),
    )
    net = minicnn.Graph(Sequential(*body), (1, 32, 32), name="squares")
    before = LOSS.value(net.forward(images), target, (1, 32, 32))
    memory = {name: np.zeros_like(value) for name, value in net.parameters.items()}
    for _ in range(250):
        loss, gradients = net.backward(images, target, loss=LOSS)
        for name, gradient in gradients.items():
            memory[name] = 0.9 * memory[name] + gradient
            net.parameters[name] -= 0.002 * memory[name]
    assert loss < before / 10
    assert mean_average_precision(LOSS.prediction(net.forward(images), (1, 32, 32)), target) > 0.9


def test_the_engine_has_the_gradient_of_the_loops():
    """Through the plan of a network of one layer, in float32, for more images than a shard holds and for fewer."""
    net = minicnn.Graph(Sequential(Conv2D(2 * 5 + 3, 3, stride=2, padding=1)), (1, 8, 12), name="one layer")
    for images in (1, 37):
        rng = np.random.default_rng(images)
        x = rng.normal(size=(images, 1, 8, 12)).astype(np.float32)
        target = np.full((images, 2, 5), -1, np.float32)
        target[:, 0] = np.stack(
            [rng.uniform(0, 6, images), rng.uniform(0, 4, images), *rng.uniform(1, 4, (2, images)), rng.integers(0, 3, images)], 1
        )
        y = net.forward(x)
        loss, gradients = net.backward(x, target, loss=losses.YOLO())
        assert loss == pytest.approx(losses.YOLO().value(y, target, net.input_shape), rel=1e-5)
        _, wanted = net.backward(x, dy=losses.YOLO().gradient(y, target, net.input_shape))
        for name, gradient in gradients.items():
            np.testing.assert_allclose(gradient, wanted[name], rtol=1e-4, atol=1e-4)


def test_the_network_of_the_paper_learns():
    """yolov1 with a thirty-second of its filters, on images of 64 pixels: its 7 x 7 cells are what the loss takes."""
    net = minicnn.zoo.build("yolov1", classes=3, input_shape=(1, 64, 64), width=1 / 32, seed=0)
    assert net.output_shape == (13, 7, 7)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 1, 64, 64)).astype(np.float32)
    target = np.array([[[10.0, 10, 20, 20, 0]], [[30, 8, 9, 30, 1]], [[2, 40, 16, 16, 2]], [[40, 40, 12, 20, 0]]])
    trainer = minicnn.Trainer(net, minicnn.optimizers.Adam(learning_rate=0.003), losses.YOLO(), threads=1)
    first, *_, last = (trainer.step(x, target).loss for _ in range(60))
    assert last < first / 4
    found = losses.YOLO(score=0).prediction(net.forward(x), net.input_shape)
    assert [each.shape[1] for each in found] == [6] * 4
