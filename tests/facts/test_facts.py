"""Claims of lectures: verdicts, the numbers behind them, and that none of them is stored."""

import dataclasses
import re
from pathlib import Path

import pytest

import minicnn.facts
from minicnn import zoo
from minicnn.facts import Source, facts
from minicnn.facts.computed import depth, edge_matrix, filtered, network, stride_of_transposed
from minicnn.facts.fact import about, answer, exactly, more_than, number_text, unclear

SOMEBODY = Source("somebody", "somebody, somewhere")

VERDICTS = [  # a claim starts with, verdict, computed
    ("256 filters of 3x3", "right", 294_912),
    ("64 filters of 3x3", "right", 73_728),
    ("two 3x3 convolutions", "right", 294_912),
    ("one 5x5", "right", 409_600),
    ("two 3x3 see", "right", 5),
    ("a stack of 3x3", "right", 7),
    ("edges by convolution", "right", 267_960),
    ("edges as a matrix: more than 8e9", "right", 8_003_072_000),
    ("convolution computes 60,000", "rounded", pytest.approx(59_733.33, abs=0.01)),
    ("convolution stores", "rounded", 4_001_536_000),
    ("exercise: total", "answer", 13_285_956),
    ("transposed convolution: padding 0, stride 0", "wrong", 1),
    ("transposed convolution: padding 0, stride 1", "wrong", 2),
    ("ordinary 1D convolution: dilation rate 0", "unclear", 0),
    ("MNIST-1D, convolutional: kernel of 3x3", "wrong", 3),
    ("valid convolution: input pixels influence", "wrong", 1),
    ("4x4 picture", "wrong", 0),
    ("VGG: repeated blocks of 3", "wrong", 2),
    ("a 1x1 convolution: about 30", "unclear", pytest.approx(27.78, abs=0.01)),
    ("ResNet-34: no extra parameters", "right", 0),
    ("AlexNet, first convolution: 35K", "rounded", 34_944),
    ("AlexNet, second convolution: 11x11", "wrong", 5),
    ("AlexNet, third convolution: 884K", "unclear", 884_000),
    ("AlexNet, FC6: 37M", "unclear", 37_000_000),
    ("AlexNet, FC7: 16M", "unclear", 16_000_000),
    ("AlexNet, FC8: 4M", "rounded", 4_097_000),
    ("AlexNet, third convolution: filters of 3x3x128", "wrong", 256),
    ("AlexNet: dropout before FC6", "unclear", 0),
    ("AlexNet: a ReLU after FC8", "wrong", 0),
    ("LeNet-5: 60,000", "right", 60_000),
    ("LeNet-5: 340,908", "right", 340_908),
    ("quiz: AlexNet 60M", "rounded", 62_378_344),
    ("AlexNet: overall 62,369,152", "wrong", 62_378_344),
    ("AlexNet: 1.1 billion", "rounded", 1_135_256_096),
    ("AlexNet: 224x224", "wrong", 54),
    ("AlexNet: 253,440", "wrong", 290_400),
    ("AlexNet: 650,000", "rounded", 659_272),
    ("quiz: VGGNet", "wrong", 143_667_240),
    ("VGG-16 memory", "wrong", 15_237_608),
    ("VGG-16: 15.3", "rounded", 15_346_630_656),
    ("naive inception", "rounded", 854_196_224),
    ("inception block with", "wrong", 271_351_808),
    ("quiz: GoogLeNet 4M", "wrong", 6_998_552),
    ("GoogLeNet: 12 times fewer", "wrong", pytest.approx(8.7111, abs=0.0001)),
    ("GoogLeNet, first convolution: 34M", "wrong", 118_013_952),
    ("ResNet-50: 3.8", "rounded", 3_857_973_248),
    ("ResNet-50: 4.1", "rounded", 4_089_184_256),
    ("ResNet-50 sees", "right", 483),
    ("ResNet50:", "right", 25_636_712),
    ("AlexNet: 8 layers", "right", 8),
    ("AlexNet, second convolution: stride 2", "wrong", 1),
    ("AlexNet, fourth convolution: 484", "wrong", 384),
    ("ZFNet", "wrong", 384),
    ("GoogLeNet: 22 layers", "right", 22),
    ("GoogLeNet: no fully connected", "wrong", 1),
    ("U-Net: 572x572", "right", 388),
    ("MNIST-1D, fully connected: 150,185", "wrong", 59_065),
]


@pytest.fixture(scope="module")
def found():
    return facts()


@pytest.mark.parametrize(("start", "verdict", "computed"), VERDICTS)
def test_verdicts(found, start, verdict, computed):
    (fact,) = (each for each in found if each.claim.startswith(start))
    assert (fact.verdict, fact.computed) == (verdict, computed)


def test_the_reasons(found):
    why = {fact.claim: fact.why for fact in found}
    assert why["AlexNet: overall 62,369,152"] == "9,192 biases of the fully connected layers are missing"
    assert "61.0 MB" in why["VGG-16 memory: 24M * 4 bytes = 93 MB for an image"]
    assert "358M would add the 86,704,128" in why["inception block with bottlenecks: 358M operations"]
    assert "2,712, and 34,019,328 MACs" in why["GoogLeNet, first convolution: 2.7K parameters"]
    assert "26,560 biases of convolutions and 53,120 running statistics" in why["ResNet50: 25,636,712 parameters"]
    starts = {claim.partition(":")[0]: reason for claim, reason in why.items()}
    assert "1 2 3 3 3 3 3 3 2 1;" in starts["valid convolution"]
    assert "0 1 2 / 4 5 6 / 8 9 10;" in starts["4x4 picture, 2x2 kernel, by the formula I(i - m, j - n)"]
    assert "2-2-3-3-3 before its poolings, VGG-19 2-2-4-4-4" in starts["VGG"]
    assert "a 5x5 with 307,456" in why["AlexNet, second convolution: 11x11"]
    assert why["AlexNet, third convolution: filters of 3x3x128"].endswith(": 48, 192, 192")
    assert "add 173,824" in starts["ResNet-34"]
    dimensions = next(fact.text for fact in found if fact.claim.startswith("exercise: dimensions"))
    assert dimensions == "48 x 92 x 92; 96 x 92 x 92; 192 x 44 x 44; 192 x 22 x 22; 256 x 22 x 22; 100"


def test_every_claim_has_a_source_and_no_claim_stands_twice(found):
    assert len({(fact.claim, fact.source) for fact in found}) == len(found) > 60
    assert all(fact.source.short and len(fact.source.full) > len(fact.source.short) for fact in found)


def test_numbers_are_computed_now(monkeypatch):
    """Another network gives another fact."""
    entry = zoo.find("alexnet")
    monkeypatch.setitem(zoo.registry.ENTRIES, "alexnet", dataclasses.replace(entry, classes=10))
    network.cache_clear()
    try:
        assert {fact.claim: fact.computed for fact in facts()}["AlexNet: overall 62,369,152"] == 62_378_344 - 990 * 4097
    finally:
        network.cache_clear()


def test_no_large_number_is_written_outside_claims():
    for path in Path(minicnn.facts.__file__).parent.glob("*.py"):
        code = re.sub(r'f?"[^"]*"', "", path.read_text(encoding="utf-8"))
        code = re.sub(r"(exactly|about)\(\s*,\s*[^,]*(\(.*?\))?,\s*[\d_.e]+(,\s*[\d_.e]+)?", "", code)
        assert not re.search(r"\d_\d{3}|\d{5}", code), path.name


@pytest.mark.parametrize(
    ("fact", "verdict"),
    [
        (exactly("", SOMEBODY, 10, 10), "right"),
        (exactly("", SOMEBODY, 10, 11), "wrong"),
        (about("", SOMEBODY, 60e6, 10e6, 60_000_000), "right"),
        (about("", SOMEBODY, 60e6, 10e6, 69_999_999), "rounded"),
        (about("", SOMEBODY, 60e6, 10e6, 70_000_000), "wrong"),
        (about("", SOMEBODY, 60e6, 10e6, 50_000_001), "rounded"),
        (more_than("", SOMEBODY, 60e6, 60_000_001), "right"),
        (more_than("", SOMEBODY, 60e6, 60_000_000), "wrong"),
        (answer("", SOMEBODY, 3), "answer"),
        (unclear("", SOMEBODY, 30, (28, 72), "", "", digit=10), "unclear"),
        (unclear("", SOMEBODY, 30, (28, 32), "", "", digit=10), "rounded"),
        (unclear("", SOMEBODY, 30, (71, 72), "", "", digit=10), "wrong"),
        (unclear("", SOMEBODY, 30, (30, 72), "", ""), "unclear"),
    ],
)
def test_verdicts_follow_from_the_numbers(fact, verdict):
    assert fact.verdict == verdict


def test_numbers_for_people():
    assert [number_text(1234.0, "times"), number_text(8.71, ""), number_text(5, "pixels")] == ["1,234 times", "8.7", "5 pixels"]


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("lenet", 5),
        ("vgg16", 16),
        ("vgg19", 19),
        ("resnet50", 50),
        ("resnet152", 152),
        ("resnet110", 110),
        ("densenet121", 121),
        ("densenet40", 40),
    ],
)
def test_depth_is_what_names_count(name, layers):
    assert depth(name) == layers


def test_the_formula_of_mathematics_flips_the_filter():
    """By hand: 1*10 + 2*1 = 12, and flipped 1*1 + 2*10 = 21."""
    assert filtered(((1, 2, 3), (4, 5, 6)), ((10, 1),), flip=False) == [[12, 23], [45, 56]]
    assert filtered(((1, 2, 3), (4, 5, 6)), ((10, 1),), flip=True) == [[21, 32], [54, 65]]


@pytest.mark.parametrize(("size", "out", "stride"), [(2, 4, 1), (2, 5, 2), (3, 7, 2), (2, 6, 3)])
def test_strides_of_transposed_convolutions(size, out, stride):
    assert stride_of_transposed(size, out, 3) == stride


def test_the_matrix_of_an_edge_is_only_counted():
    assert edge_matrix().totals.params == 89_320 * 89_600
