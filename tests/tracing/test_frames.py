"""Frames say what the loops compute: cells times weights give the output, whatever the settings."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.errors import SettingError
from minicnn.tracing.frame_lines import BETWEEN, PADDING
from minicnn.tracing.frames import MOST, SOME, frames_of
from minicnn.tracing.frames_svg import svg
from minicnn.tracing.of_kernel import kernel
from minicnn.tracing.of_network import node_called, values

X = np.array([[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]], np.float32)
WEIGHT = np.array([[0, 1, 2], [2, 2, 0], [0, 1, 2]], np.float32)

CONVOLUTIONS = {
    "stride and padding": ("conv2d", {"stride": 2, "padding": 1}),
    "all padding": ("conv2d", {"padding": "full", "window": 2}),
    "a padding before only": ("conv2d", {"padding": ((2, 0), (0, 1))}),
    "dilation": ("conv2d", {"dilation": 2, "padding": 2}),
    "a flipped filter": ("conv2d", {"flip": True}),
    "the stride leaves a rest": ("conv2d", {"stride": 3, "window": 2}),
    "a tile": ("tiled_conv2d", {"sharing": (2, 3), "window": 2}),
    "unshared": ("unshared_conv2d", {"stride": 2}),
    "transposed": ("conv_transpose2d", {"stride": 2, "padding": 1, "input_shape": (3, 3)}),
    "transposed, gaps and more": (
        "conv_transpose2d",
        {"stride": 3, "output_padding": 2, "dilation": 2, "window": 2, "input_shape": (2, 3)},
    ),
    "a signal": ("conv1d", {"stride": 2, "padding": 3}),
    "a transposed signal": ("conv_transpose1d", {"stride": 4, "window": 2}),
    "a volume": ("conv3d", {"padding": 1, "window": 2, "stride": 2}),
    "a transposed volume": ("conv_transpose3d", {"stride": 2, "window": 2, "input_shape": (2, 2, 2)}),
    "a Gaussian": ("gaussian_pool2d", {"stride": 2, "padding": 1}),
}


@pytest.mark.parametrize(("name", "settings"), CONVOLUTIONS.values(), ids=CONVOLUTIONS)
def test_cells_times_weights_are_the_output(name, settings):
    layered = kernel(name, **settings).layered
    frames = frames_of(layered)
    y = layered.results["y"][0, 0]
    assert frames.total == y.size
    for step in frames.steps:
        total = sum(frames.source[read.cell] * read.weight for read in step.reads if frames.holds[read.cell] == 0)
        assert total == pytest.approx(y.ravel()[step.number], rel=1e-6)
        assert frames.result[step.place] == y.ravel()[step.number]
        assert len(step.reads) == step.filter.size
        assert [read.weight for read in step.reads] == step.filter.ravel().tolist()
    ElementTree.fromstring(svg(frames))


@pytest.mark.parametrize(
    ("name", "reduce"),
    [("max_pool2d", max), ("avg_pool2d", lambda taps: sum(taps) / 9), ("l2_pool2d", lambda taps: sum(t * t for t in taps) ** 0.5)],
)
def test_poolings(name, reduce):
    frames = frames_of(kernel(name, window=3, stride=2, padding=1).layered)
    for step in frames.steps:
        taps = [frames.source[read.cell] for read in step.reads if frames.holds[read.cell] == 0]
        assert frames.result[step.place] == pytest.approx(reduce(taps), rel=1e-6)
        assert (step.winner is not None) == (name == "max_pool2d")
        assert step.winner is None or frames.source[step.winner] == frames.result[step.place]


def test_adaptive_regions_have_sizes_of_their_own():
    frames = frames_of(kernel("adaptive_avg_pool2d", input_shape=(1, 5, 7), output_size=3).layered)
    assert {len(step.reads) for step in frames.steps} == {6, 9}
    for step in frames.steps:
        assert frames.result[step.place] == pytest.approx(np.mean([frames.source[read.cell] for read in step.reads]))


def test_a_map_of_ones_own():
    def circular(k, p, q, c, r, s):
        return c, (p + r) % 3, (q + s) % 3, r * 2 + s

    net = minicnn.Graph(L.Variant(circular, output_shape=(1, 3, 3), taps=(1, 2, 2), compiled=False), input_shape=(1, 3, 3))
    x = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
    frames = frames_of(values(net, x, node_called(net, "variant1")))
    for step in frames.steps:
        assert sum(frames.source[read.cell] * read.weight for read in step.reads) == pytest.approx(frames.result[step.place], abs=1e-5)


def test_the_lectures_nine_frames():
    """Lecture 000, slides with a 5x5 input and a 3x3 filter."""
    frames = frames_of(kernel("conv2d", arrays={"x": X, "weight": WEIGHT}).layered)
    assert frames.result[0].tolist() == [[12, 12, 17], [10, 17, 19], [9, 6, 14]]
    assert [step.letters for step in frames.steps] == [f"p={p}, q={q}" for p in range(3) for q in range(3)]
    assert [read.cell for read in frames.steps[5].reads] == [(0, 1 + r, 2 + s) for r in range(3) for s in range(3)]
    text = svg(frames)
    root = ElementTree.fromstring(text)
    words = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert [word for word in words if word.startswith("p=")] == [
        f"p={n // 3}, q={n % 3}:  {value}" for n, value in enumerate((12, 12, 17, 10, 17, 19, 9, 6, 14))
    ]
    rectangles = [each.get("class") for each in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert rectangles.count("mc-cell mc-read") == 9 * 9
    assert rectangles.count("mc-cell mc-in") == 9 * 16
    assert rectangles.count("mc-window") == rectangles.count("mc-cell mc-now") == 9
    assert "prefers-color-scheme:dark" in text
    assert not {"<script", "http://", "https://"} & set(text.replace("http://www.w3.org/2000/svg", "").split('"'))


def test_cells_without_a_number():
    frames = frames_of(kernel("conv_transpose1d", stride=2, input_shape=(3,), padding=1).layered)
    assert frames.holds[0, 0].tolist() == [PADDING, 0, BETWEEN, 0, BETWEEN, 0, PADDING]
    assert frames.total == 5


def test_of_many_steps_some_are_drawn():
    net = minicnn.zoo.build("lenet")
    x = np.random.default_rng(0).uniform(0, 1, (1, 1, 28, 28)).astype(np.float32)
    frames = frames_of(values(net, x, node_called(net, "conv1")), filter_=2)
    assert (len(frames.steps), frames.total, frames.summary) == (SOME, 784, "12 of 784 steps")
    assert [frames.steps[n].number for n in (0, -1)] == [0, 783]
    assert frames.total > MOST
    assert "filter 2 of 6" in frames.subtitle
    text = svg(frames)
    assert "fill-opacity" in text  # no numbers fit: cells are shaded
    assert text == svg(frames)


def test_what_has_no_window():
    net = minicnn.zoo.build("lenet")
    with pytest.raises(SettingError, match=r"relu1 \('ReLU'\) has no window that moves"):
        frames_of(values(net, np.zeros((1, 1, 28, 28), np.float32), node_called(net, "relu1")))
