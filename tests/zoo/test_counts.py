"""Every network of the zoo against counts worked out elsewhere: sizes, parameters, and MACs and fields where they are known."""

import sys

import pytest

from minicnn import zoo

# input, output, parameters
NETWORKS = {
    "lenet": ((1, 28, 28), (10,), 61_706),
    "small-cnn": ((1, 28, 28), (10,), 29_178),
    "small-cnn-32": ((1, 28, 28), (10,), 104_426),
    "mnist1d-cnn25": ((1, 40), (10,), 5_210),
    "lenet5-1998": ((1, 32, 32), (10,), 60_000),
    "lenet-d2l": ((1, 28, 28), (10,), 61_706),
    "alexnet": ((3, 227, 227), (1000,), 62_378_344),
    "alexnet-2012": ((3, 227, 227), (1000,), 60_965_224),
    "alexnet-torchvision": ((3, 224, 224), (1000,), 61_100_840),
    "alexnet-d2l": ((1, 224, 224), (10,), 46_764_746),
    "zfnet": ((3, 224, 224), (1000,), 62_357_608),
    "zfnet-lecture": ((3, 224, 224), (1000,), 107_627_624),
    "vgg11": ((3, 224, 224), (1000,), 132_863_336),
    "vgg13": ((3, 224, 224), (1000,), 133_047_848),
    "vgg16": ((3, 224, 224), (1000,), 138_357_544),
    "vgg19": ((3, 224, 224), (1000,), 143_667_240),
    "vgg11-bn": ((3, 224, 224), (1000,), 132_868_840),
    "vgg13-bn": ((3, 224, 224), (1000,), 133_053_736),
    "vgg16-bn": ((3, 224, 224), (1000,), 138_365_992),
    "vgg19-bn": ((3, 224, 224), (1000,), 143_678_248),
    "googlenet": ((3, 224, 224), (1000,), 6_998_552),
    "googlenet-torchvision": ((3, 224, 224), (1000,), 6_624_904),
    "inception-3a": ((192, 28, 28), (256, 28, 28), 163_696),
    "inception-3a-naive": ((192, 28, 28), (416, 28, 28), 387_296),
    "resnet18": ((3, 224, 224), (1000,), 11_689_512),
    "resnet34": ((3, 224, 224), (1000,), 21_797_672),
    "resnet50": ((3, 224, 224), (1000,), 25_557_032),
    "resnet101": ((3, 224, 224), (1000,), 44_549_160),
    "resnet152": ((3, 224, 224), (1000,), 60_192_808),
    "resnet200": ((3, 224, 224), (1000,), 64_673_832),
    "resnet50-v1": ((3, 224, 224), (1000,), 25_557_032),
    "plain18": ((3, 224, 224), (1000,), 11_515_688),
    "plain34": ((3, 224, 224), (1000,), 21_623_848),
    "plain20": ((3, 32, 32), (10,), 269_722),
    "plain56": ((3, 32, 32), (10,), 853_018),
    "resnet20": ((3, 32, 32), (10,), 269_722),
    "resnet56": ((3, 32, 32), (10,), 853_018),
    "resnet110": ((3, 32, 32), (10,), 1_727_962),
    "resnet20-projection": ((3, 32, 32), (10,), 272_474),
    "resnet56-projection": ((3, 32, 32), (10,), 855_770),
    "resnet110-stochastic": ((3, 32, 32), (10,), 1_727_962),
    "wide-resnet50-2": ((3, 224, 224), (1000,), 68_883_240),
    "wrn-28-10": ((3, 32, 32), (10,), 36_479_194),
    "resnext50-32x4d": ((3, 224, 224), (1000,), 25_028_904),
    "densenet121": ((3, 224, 224), (1000,), 7_978_856),
    "densenet40": ((3, 32, 32), (10,), 1_019_722),
    "unet": ((1, 572, 572), (2, 388, 388), 31_030_658),
    "unet-same": ((1, 512, 512), (2, 512, 512), 31_030_658),
    "unet-small": ((1, 64, 64), (2, 64, 64), 117_090),
    "highway": ((1, 28, 28), (10,), 85_660),
    "yolov1": ((3, 448, 448), (7, 7, 30), 271_703_550),
    "yolo-digits": ((1, 96, 96), (20, 12, 12), 200_964),
    "mnist1d-cnn": ((1, 40), (10,), 2_050),
    "mnist1d-mlp": ((1, 40), (10,), 59_065),
    "cmu-exercise": ((3, 100, 100), (100,), 13_285_956),
}

MACS = {
    "lenet": 416_520,
    "lenet5-1998": 325_680,
    "alexnet": 1_135_256_096,
    "alexnet-2012": 724_406_816,
    "vgg16": 15_470_264_320,
    "vgg19": 19_632_062_464,
    "inception-3a": 128_049_152,
    "resnet50": 4_089_184_256,
    "resnet50-v1": 3_857_973_248,
    "resnet20": 40_551_040,
    "densenet121": 2_834_161_664,
    "mnist1d-cnn": 10_230,
    "cmu-exercise": 4_186_183_936,
}

FIELDS = {  # receptive field and jump of the last map that is not flat
    "lenet": (16, 4),
    "lenet5-1998": (32, 4),
    "alexnet": (195, 32),
    "alexnet-2012": (195, 32),
    "vgg16": (212, 32),
    "inception-3a": (5, 1),
    "resnet50": (427, 32),
    "resnet50-v1": (483, 32),
    "resnet101": (971, 32),
    "resnet152": (1451, 32),
    "resnet200": (1707, 32),
    "resnet20": (81, 4),
    "densenet121": (2071, 32),
    "mnist1d-cnn": (15, 8),
    "cmu-exercise": (23, 4),
}


@pytest.fixture(scope="module")
def summaries():
    return {name: zoo.build(name).summary() for name in zoo.names()}


def test_these_are_all():
    assert set(zoo.names()) == set(NETWORKS)


@pytest.mark.parametrize("name", NETWORKS)
def test_sizes_and_parameters(name, summaries):
    summary = summaries[name]
    assert (summary.input_shape, summary.layers[-1].output_shape, summary.totals.params) == NETWORKS[name]
    assert summary.totals.trainable_params == summary.totals.params
    assert sum(row.params for row in summary.layers) == summary.totals.params
    assert sum(share.params for share in summary.by_kind) == summary.totals.params


@pytest.mark.parametrize("name", NETWORKS)
def test_formulas_give_the_counts(name, summaries):
    for row in summaries[name].layers:
        assert (eval(row.params_formula) if row.params_formula else 0) == row.params, row.name


@pytest.mark.parametrize("name", MACS)
def test_macs(name, summaries):
    assert summaries[name].totals.macs == MACS[name]
    assert summaries[name].totals.flops == 2 * MACS[name]


@pytest.mark.parametrize("name", FIELDS)
def test_receptive_fields(name, summaries):
    last = [row for row in summaries[name].layers if row.receptive_field is not None][-1]
    assert {*zip(last.receptive_field, last.jump, strict=True)} == {FIELDS[name]}


def test_convolution_against_fully_connected(summaries):
    for name, conv, full in [
        ("vgg11", 9_220_480, 123_642_856),
        ("vgg13", 9_404_992, 123_642_856),
        ("vgg16", 14_714_688, 123_642_856),
        ("vgg19", 20_024_384, 123_642_856),
        ("googlenet", 5_973_552, 1_025_000),
    ]:
        assert [(share.kind, share.params) for share in summaries[name].by_kind] == [("convolution", conv), ("fully connected", full)]


def test_buffers_of_batch_normalization(summaries):
    assert summaries["resnet50"].totals.buffers == 53_120
    assert summaries["vgg16"].totals.buffers == 0


def calls_of_a_summary(name):
    """(Python calls for each node, the network): work that can be counted, where time depends on the machine."""
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        net = zoo.build(name)
        net.summary().to_dict()
    finally:
        sys.setprofile(None)
    return calls / len(net.topology.nodes), net


@pytest.mark.parametrize("name", ["resnet200", "densenet121"])
def test_large_networks_take_no_more_work_a_layer(name):
    small, _ = calls_of_a_summary("resnet20")
    large, net = calls_of_a_summary(name)
    assert large < 2 * small
    assert net._memory is None
