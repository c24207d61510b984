"""Weights of one network as the start of another."""

import numpy as np
import pytest

from minicnn import zoo
from minicnn.errors import CheckpointError
from minicnn.train.transfer import file_digest, start_from, take_weights


def test_layers_that_fit_are_taken_and_a_head_for_other_classes_starts_anew():
    ten, letters = zoo.build("lenet"), zoo.build("lenet", classes=26, seed=1)
    fresh = {name: array.copy() for name, array in letters.parameters.items()}
    found = take_weights(letters, ten.arrays, "the digits")
    assert found.taken == ("conv1", "conv2", "fc1", "fc2")
    assert found.text() == "conv1, conv2, fc1, fc2 taken; new is fc3 (10 x 84 there, 26 x 84 here)"
    for name, array in letters.parameters.items():
        np.testing.assert_array_equal(array, (fresh if name.startswith("fc3") else ten.parameters)[name], err_msg=name)


def test_a_layer_is_taken_as_a_whole_running_statistics_included():
    there, here = zoo.build("resnet20"), zoo.build("resnet20", seed=1)
    there.buffers["bn1.running_mean"][...] = 3.0
    arrays = dict(there.arrays)
    assert take_weights(here, arrays, "there").fresh == {}
    np.testing.assert_array_equal(here.buffers["bn1.running_mean"], 3.0)
    other = zoo.build("resnet20", seed=2)
    before = other.parameters["bn1.weight"].copy() + 1
    other.parameters["bn1.weight"][...] = before
    del arrays["bn1.running_var"]
    assert take_weights(other, arrays, "there").fresh == {"bn1": "without running_var there"}
    np.testing.assert_array_equal(other.parameters["bn1.weight"], before)


def test_where_nothing_fits_both_sides_are_named():
    with pytest.raises(CheckpointError, match=r"^there: no layer fits lenet\n  here   conv1, conv2, fc1, .*\n  there  C1, "):
        take_weights(zoo.build("lenet"), zoo.build("lenet5-1998").arrays, "there")


def test_a_file_that_has_changed_is_refused(tmp_path):
    path = tmp_path / "net.safetensors"
    zoo.build("lenet").save(path)
    digest = file_digest(path)
    assert start_from(zoo.build("lenet", seed=1), path, digest).fresh == {}
    zoo.build("lenet", seed=5).save(path)
    with pytest.raises(CheckpointError, match="does not have the weights that the run was started with"):
        start_from(zoo.build("lenet"), path, digest)
