"""The cells: how many touch, that a threshold does not find them, the same bits everywhere, train and test apart."""

import hashlib

import numpy as np

from minicnn.datasets import cells, load
from minicnn.metrics import mean_iou


def otsu(picture):
    """The threshold that parts grey values into two groups as far apart as possible.  Otsu, "A Threshold Selection Method from Gray-Level
    Histograms", 1979, eq. 18."""
    share = np.bincount(picture.ravel(), minlength=256) / picture.size
    below, mean = share.cumsum(), (share * np.arange(256)).cumsum()
    inside = (below > 0) & (below < 1)
    between = np.zeros(256)
    between[inside] = (mean[-1] * below[inside] - mean[inside]) ** 2 / (below[inside] * (1 - below[inside]))
    return int(between.argmax())


def test_a_threshold_does_not_find_them():
    test = load("cells", "test")
    assert otsu(np.array([[10, 12, 200, 210]], np.uint8)) in range(12, 200)
    answers = np.stack([picture[0] > otsu(picture) for picture in test.images]).astype(int)
    assert 0.5 < mean_iou(answers, test.labels) < 0.75


def test_three_of_ten_are_in_contact():
    count = touching = 0
    for scene in cells.draw_scenes("train"):
        owner, found = scene.owner, set()
        for one, other in ((owner[1:], owner[:-1]), (owner[:, 1:], owner[:, :-1])):
            contact = (one != other) & (one > 0) & (other > 0)
            found |= {*one[contact].tolist(), *other[contact].tolist()}
        touching += len(found)
        count += len(np.unique(owner[owner > 0]))
    assert abs(touching / count - 0.3) < 0.02


def test_what_load_delivers():
    train, test = load("cells"), load("cells", "test")
    assert (train.images.shape, train.images.dtype, train.labels.shape) == ((400, 1, 64, 64), np.uint8, (400, 64, 64))
    assert (len(test), train.target, train.classes, train.origin) == (100, "mask", ("background", "cell"), "generated")
    assert set(np.unique(train.labels)) == {0, 1}
    seen = {picture.tobytes() for picture in train.images}
    assert len(seen) == 400
    assert not seen & {picture.tobytes() for picture in test.images}


def test_the_same_bits_on_every_machine():
    images, masks = cells.read_cells("test")
    assert (
        hashlib.sha256(images.tobytes() + masks.astype("<i8").tobytes()).hexdigest()
        == "8b778a5d222cc787ac20657207600dc7828eb365336e322848255b8fa097b1b1"
    )
