"""AlexNet against the lecture's table and the reference counts, line by line."""

import pytest

from minicnn import zoo

# name, output, kernel, stride, padding, parameters, formula, MACs, receptive field, jump
TABLE = [
    ("conv1", (96, 55, 55), 11, 4, 0, 34_944, "(11*11*3 + 1) * 96", 105_415_200, 11, 4),
    ("relu1", (96, 55, 55), None, None, None, 0, None, None, 11, 4),
    ("pool1", (96, 27, 27), 3, 2, 0, 0, None, None, 19, 8),
    ("norm1", (96, 27, 27), None, None, None, 0, None, None, 19, 8),
    ("conv2", (256, 27, 27), 5, 1, 2, 614_656, "(5*5*96 + 1) * 256", 447_897_600, 51, 8),
    ("relu2", (256, 27, 27), None, None, None, 0, None, None, 51, 8),
    ("pool2", (256, 13, 13), 3, 2, 0, 0, None, None, 67, 16),
    ("norm2", (256, 13, 13), None, None, None, 0, None, None, 67, 16),
    ("conv3", (384, 13, 13), 3, 1, 1, 885_120, "(3*3*256 + 1) * 384", 149_520_384, 99, 16),
    ("relu3", (384, 13, 13), None, None, None, 0, None, None, 99, 16),
    ("conv4", (384, 13, 13), 3, 1, 1, 1_327_488, "(3*3*384 + 1) * 384", 224_280_576, 131, 16),
    ("relu4", (384, 13, 13), None, None, None, 0, None, None, 131, 16),
    ("conv5", (256, 13, 13), 3, 1, 1, 884_992, "(3*3*384 + 1) * 256", 149_520_384, 163, 16),
    ("relu5", (256, 13, 13), None, None, None, 0, None, None, 163, 16),
    ("pool5", (256, 6, 6), 3, 2, 0, 0, None, None, 195, 32),
    ("flat", (9216,), None, None, None, 0, None, None, None, None),
    ("fc6", (4096,), None, None, None, 37_752_832, "(9216 + 1) * 4096", 37_748_736, None, None),
    ("relu6", (4096,), None, None, None, 0, None, None, None, None),
    ("drop6", (4096,), None, None, None, 0, None, None, None, None),
    ("fc7", (4096,), None, None, None, 16_781_312, "(4096 + 1) * 4096", 16_777_216, None, None),
    ("relu7", (4096,), None, None, None, 0, None, None, None, None),
    ("drop7", (4096,), None, None, None, 0, None, None, None, None),
    ("fc8", (1000,), None, None, None, 4_097_000, "(4096 + 1) * 1000", 4_096_000, None, None),
]


@pytest.fixture(scope="module")
def summary():
    return zoo.build("alexnet").summary()


@pytest.mark.parametrize("index", range(len(TABLE)), ids=[line[0] for line in TABLE])
def test_layer(summary, index):
    name, output, kernel, stride, padding, params, formula, macs, field, jump = TABLE[index]
    row = summary.layers[index]
    assert (row.name, row.output_shape, row.params, row.params_formula, row.macs) == (name, output, params, formula, macs)
    assert (row.kernel, row.stride) == ((None, None) if kernel is None else ((kernel, kernel), (stride, stride)))
    assert row.padding == (None if padding is None else ((padding, padding),) * 2)
    assert (row.receptive_field, row.jump) == ((None, None) if field is None else ((field, field), (jump, jump)))


def test_totals(summary):
    assert len(summary.layers) == len(TABLE)
    assert summary.totals.params == summary.totals.trainable_params == 62_378_344
    assert summary.totals.macs == 1_135_256_096
    assert summary.totals.flops == 2_270_512_192


def test_convolution_against_fully_connected(summary):
    """The lecture's last line, with the biases it leaves out of the fully connected layers."""
    conv, full = summary.by_kind
    assert (conv.kind, conv.params, full.kind, full.params) == ("convolution", 3_747_200, "fully connected", 58_631_144)
    assert conv.params + full.params - 9192 == 62_369_152


def test_other_inputs_and_classes():
    net = zoo.build("alexnet", classes=10, input_shape=(1, 67, 67))
    assert net.output_shape == (10,)
    assert net.summary().layers[0].params_formula == "(11*11*1 + 1) * 96"
