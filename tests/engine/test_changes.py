"""Images changed as they are loaded: a plan's steps against the textbook loops, in any shape, batch and number of threads."""

import math

import numpy as np
import pytest

import minicnn
from minicnn import engine
from minicnn import layers as L
from minicnn.engine.objective import Objective
from minicnn.engine.textbook.changes import changed
from minicnn.errors import SettingError, ShapeError
from minicnn.kernels.cpu.pointwise.lowering import Loading
from minicnn.losses import BinaryCrossEntropy, Loss, SoftmaxCrossEntropy
from minicnn.train.augmentation import CHANGES, Change, Flip, Shift, augmentation

KEY, IMAGES = 0x1234_5678_9ABC_DEF0, 40
SHAPES = {"picture": (1, 12, 12), "colours": (3, 9, 14), "signal": (2, 17), "volume": (2, 4, 5, 6)}
ALL = "shift,crop=1,flip,rotate,scale,elastic,brightness,contrast,pca,cutout=3"


def loaded(images, changes, scale, shift, batch, threads=2):
    """What the engine makes of images: the output of a network that does nothing."""
    net = minicnn.Graph(L.Sequential(L.Flatten()), input_shape=images.shape[1:])
    purpose = {"training": False, "uint8": images.dtype == np.uint8, "scale": scale, "shift": shift, "changes": changes}
    plan = engine.new_plan("cpu", net, batch, threads, **purpose)
    output = np.empty((len(images), images[0].size), np.float32)
    batches = -(-len(images) // batch)
    plan.run(net.parameter_memory, images, np.arange(len(images)), batch, keys=np.full(batches, KEY), output=output)
    return output.reshape(images.shape)


def pictures(shape, dtype=np.uint8):
    images = np.random.default_rng(0).integers(0, 256, (IMAGES, *shape))
    return images.astype(np.uint8) if dtype == np.uint8 else (images / 255).astype(np.float32)


def suited(words, shape):
    return ",".join(word for word in words.split(",") if len(shape) - 1 in CHANGES[word.partition("=")[0]].axes)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_plan_changes_images_as_the_loops_say(shape, dtype):
    """Reading between pixels rounds in float32 instead of float64; values are of order 1."""
    images, unit = pictures(shape, dtype), 255 if dtype == np.uint8 else 1
    scale, shift = [2 / unit] * shape[0], [-0.25 * c for c in range(shape[0])]
    for words in (*suited(ALL, shape).split(","), suited(ALL, shape)):
        changes = augmentation(words).checked(shape).fitted(images).changes
        got = loaded(images, changes, scale, shift, IMAGES)
        want = changed(images, Loading(dtype == np.uint8, tuple(scale), tuple(shift), changes=changes), KEY).image.array
        np.testing.assert_allclose(got, want, atol=2e-6, err_msg=words)
        assert np.abs(got - (images.astype(np.float32) * scale[0] + np.float32(shift).reshape(-1, *(1,) * (len(shape) - 1)))).max() > 0.01


def test_neither_threads_nor_shards_change_an_image():
    images = pictures(SHAPES["colours"])
    changes = augmentation(ALL).fitted(images).changes
    whole = loaded(images, changes, [1 / 255] * 3, [0.0] * 3, IMAGES, threads=1)
    for batch, threads in ((IMAGES, 3), (20, 2), (17, 1), (8, 2)):  # of 8, shards are smaller than a vector
        part = loaded(images, changes, [1 / 255] * 3, [0.0] * 3, batch, threads)
        tolerance = {"atol": 2e-6} if batch == 8 else {"atol": 0}
        np.testing.assert_allclose(part[:batch], whole[:batch], **tolerance)


def test_chance_does_not_depend_on_what_else_is_drawn():
    images = pictures(SHAPES["picture"])
    alone, both = (loaded(images, augmentation(words).changes, [1.0], [0.0], IMAGES) for words in ("cutout=3", "brightness=0,cutout=3"))
    np.testing.assert_array_equal(alone == 0, both == 0)


def test_shift_and_flip_move_whole_pixels():
    """As the shortcut for these two alone does, from other draws: every image is one of the few that there can be."""
    images = pictures(SHAPES["picture"])
    got = loaded(images, (Shift(1), Flip()), [1.0], [0.0], IMAGES)
    padded = np.pad(images, [(0, 0), (0, 0), (1, 1), (1, 1)])
    moves = [padded[:, :, h : h + 12, w : w + 12] for h in range(3) for w in range(3)]
    possible = np.stack([each[..., ::step] for each in moves for step in (1, -1)])
    which = (possible == np.rint(got)).all((2, 3, 4))
    assert (which.sum(0) == 1).all()
    assert len(np.flatnonzero(which.any(1))) > 12
    np.testing.assert_allclose(got, np.rint(got), rtol=1e-6)


def wave_loop(moved, place, numbers, height, columns):
    N, A, L = place.shape
    for n in range(N):
        for a in range(A):
            for l in range(L):
                slide = height * math.sin(place[n, 0, l] + 6.28 * numbers[n, 0])
                moved[n, a, l] = place[n, a, l] + (slide if a == A - 1 and columns > 1 else 0.0)


class Wave(Change):
    """One of a user's own: rows slide to and fro."""

    height: float = 1.0

    stage = "places"
    chances = 1

    loop = staticmethod(wave_loop)


def gamma_draw(numbers, chance, share):
    for n in range(numbers.shape[0]):
        numbers[n, 0] = math.exp((2.0 * chance[n, 0] - 1.0) * share)


def gamma_loop(y, x, numbers):
    N, C, L = x.shape
    for n in range(N):
        for c in range(C):
            for l in range(L):
                y[n, c, l] = x[n, c, l] ** numbers[n, 0]


class Gamma(Change):
    """Another: values to a power that is drawn."""

    share: float = 0.5

    chances = 1

    draw = staticmethod(gamma_draw)
    loop = staticmethod(gamma_loop)


def outside_loop(y, x):
    N, C, L = x.shape
    for n in range(N):
        for c in range(C):
            for l in range(L):
                y[n, c, l] = x[n, c, l + 1]


class Outside(Change):
    """A loop that leaves its arrays."""

    loop = staticmethod(outside_loop)


def test_a_change_of_ones_own_is_known_by_its_name():
    images = pictures(SHAPES["picture"])
    changes = augmentation("wave=2,gamma,rotate").checked(images.shape[1:]).changes
    assert [each.text for each in changes] == ["rotate=10", "wave=2", "gamma=0.5"]
    got = loaded(images, changes, [1 / 255], [0.0], IMAGES)
    want = changed(images, Loading(True, (1 / 255,), (0.0,), changes=changes), KEY).image.array
    np.testing.assert_allclose(got, want, atol=2e-6)
    assert np.abs(got - images / 255).max() > 0.01


def test_a_loop_of_ones_own_is_tried_before_it_runs():
    with pytest.raises(ShapeError, match=r"^.*test_changes.py:\d+: "):
        augmentation("outside").checked((1, 12, 12))


def statistics(net, images, targets, loss, words):
    """Summed loss of images as a plan changes them, and their targets."""
    objective = Objective.of(loss, targets)
    purpose = {"uint8": True, "scale": [1 / 255], "shift": [0.0], "objective": objective, **augmentation(words).loading(objective.kind)}
    plan = engine.new_plan("cpu", net, len(images), 2, training=True, **purpose)
    return plan.run(net.parameter_memory, images, np.arange(len(images)), len(images), labels=targets, keys=np.array([KEY]))[0, 0]


SQUARE = np.zeros((IMAGES, 1, 12, 14), np.uint8)
SQUARE[:, :, 3:7, 2:9] = 255


@pytest.mark.parametrize("words", ["shift=2,flip", "rotate=180,shift=1", "elastic=20"])
def test_masks_move_along(words):
    """A network that says what it sees is right where the mask moves along, and wrong where it stays."""
    net = minicnn.Graph(L.Sequential(L.Conv2D(2, 1)), input_shape=(1, 12, 14))
    net.parameters["conv1.weight"][...] = np.array([-60, 60]).reshape(2, 1, 1, 1)
    net.parameters["conv1.bias"][...] = [30, -30]
    masks = (SQUARE[:, 0] > 0).astype(np.int32)
    moved = statistics(net, SQUARE, masks, SoftmaxCrossEntropy(), words)
    alone = statistics(net, SQUARE, masks, SoftmaxCrossEntropy(), "brightness=0")
    assert moved < alone + 0.05 * masks.size  # pixels half way between the two classes
    assert statistics(net, SQUARE, np.roll(masks, 3, 2), SoftmaxCrossEntropy(), words) > moved + 0.1 * masks.size


def bright_forward(loss_per_image, y, target):
    N, _, H, W = y.shape
    for n in range(N):
        total = np.float64(0.0)
        for h in range(H):
            for w in range(W):
                inside_h = target[n, 0, 1] <= h + 0.5 <= target[n, 0, 1] + target[n, 0, 3]
                inside_w = target[n, 0, 0] <= w + 0.5 <= target[n, 0, 0] + target[n, 0, 2]
                total += 0.0 if inside_h and inside_w else y[n, 0, h, w]
        loss_per_image[n] = total


def bright_backward(dy, dloss_per_image, y, target):
    N, C, H, W = y.shape
    for n in range(N):
        for c in range(C):
            for h in range(H):
                for w in range(W):
                    dy[n, c, h, w] = dloss_per_image[n]


class Bright(Loss):
    """How much lies outside of the first box."""

    targets = ("boxes",)
    metrics = ()

    def target_shape(self, output_shape, target):
        return (1, 5)

    forward = staticmethod(bright_forward)
    backward = staticmethod(bright_backward)


@pytest.mark.parametrize("words", ["shift=2,flip", "rotate=90,shift=1", "scale=0.3"])
def test_boxes_move_along(words):
    net = minicnn.Graph(L.Sequential(L.Conv2D(1, 1)), input_shape=(1, 12, 14))
    net.parameters["conv1.weight"][...] = 1
    boxes = np.tile(np.float32([[[2, 3, 7, 4, 0]]]), (IMAGES, 1, 1))
    seen = statistics(net, SQUARE, boxes, Bright(), words)
    assert seen <= 0.12 * (SQUARE > 0).sum()  # rims between pixels
    assert statistics(net, SQUARE, boxes + np.float32([3, 0, 0, 0, 0]), Bright(), words) > 0.2 * (SQUARE > 0).sum()


def test_several_answers_of_an_image_stay():
    net = minicnn.Graph(L.Sequential(L.Flatten(), L.Linear(3)), input_shape=(1, 12, 14), seed=0)
    answers = np.tile([[1, 0, 1]], (IMAGES, 1)).astype(np.int32)
    assert np.isfinite(statistics(net, SQUARE, answers, BinaryCrossEntropy(), "rotate"))


def test_masks_of_another_size_do_not_move():
    net = minicnn.Graph(L.Sequential(L.Conv2D(2, 3)), input_shape=(1, 12, 14))
    with pytest.raises(
        SettingError, match=r"^augment: masks move with images of their size, but have 10 x 12 pixels, and the images 12 x 14$"
    ):
        statistics(net, SQUARE, np.zeros((IMAGES, 10, 12), np.int32), SoftmaxCrossEntropy(), "rotate")
