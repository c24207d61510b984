"""The known data sets, one record each: content, authors, and where the files are.

Hashes and sizes of MNIST and Fashion-MNIST were checked against the files themselves; those of KMNIST, EMNIST and CIFAR-10 are as
published, those of QMNIST as TensorFlow Datasets lists them.  MNIST's licence is the one it is commonly redistributed under; its
authors stated none.  `mean` and
`std` are of the training split, computed from it; CIFAR-10's are the published ones.
"""

from __future__ import annotations

import difflib
import string
from dataclasses import dataclass
from typing import Literal

from minicnn.errors import DataError, quoted

Split = Literal["train", "test"]
SPLITS: tuple[Split, Split] = ("train", "test")


@dataclass(frozen=True)
class RemoteFile:
    """One file as its authors published it; a mirror is the address of a folder, ending in a slash."""

    name: str
    size_bytes: int
    sha256: str
    mirrors: tuple[str, ...]


@dataclass(frozen=True)
class Record:
    """One data set.

    home : its folder's name in the data store
    origin : where the images come from
    handwriting : how they were made from a writer's sheet, one of `handwriting.MAKINGS`; "" if that is not known
    """

    name: str
    title: str
    origin: Literal["embedded", "generated", "idx", "emnist", "cifar"]
    input_shape: tuple[int, ...]
    train_count: int
    test_count: int
    classes: tuple[str, ...]
    licence: str
    citation: str
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    home: str = ""
    files: tuple[RemoteFile, ...] = ()
    handwriting: str = ""
    torchvision: str = ""  # its folder's name in torchvision's ROOT, whose folder raw holds the files
    target: str = "class"

    @property
    def download_bytes(self) -> int:
        """Bytes of all its files; 0 for a data set that needs none."""
        return sum(file.size_bytes for file in self.files)


def _four_files(
    mirrors: tuple[str, ...],
    train_images: tuple[int, str],
    train_labels: tuple[int, str],
    test_images: tuple[int, str],
    test_labels: tuple[int, str],
) -> tuple[RemoteFile, ...]:
    """The four files that MNIST and its relatives share by name, each with its size in bytes and SHA-256."""
    names = ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")
    facts = (train_images, train_labels, test_images, test_labels)
    return tuple(RemoteFile(name, size, sha256, mirrors) for name, (size, sha256) in zip(names, facts, strict=True))


DIGIT_NAMES = tuple(string.digits)
MNIST_FILES = _four_files(
    (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "http://yann.lecun.com/exdb/mnist/",
    ),
    (9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
    (28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
    (1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
    (4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
)
FASHION_FILES = _four_files(
    (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ),
    (26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
    (29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
    (4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
    (5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
)
KMNIST_FILES = _four_files(
    ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
    (18_165_135, "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"),
    (29_497, "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"),
    (3_041_136, "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"),
    (5_120, "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"),
)
QMNIST_MIRRORS = ("https://raw.githubusercontent.com/facebookresearch/qmnist/master/",)
QMNIST_FILES = tuple(
    RemoteFile(name, size, sha256, QMNIST_MIRRORS)
    for name, size, sha256 in (
        ("qmnist-train-images-idx3-ubyte.gz", 9_704_059, "9e26a7bf1683614e065d7b76460ccd52807165b3f22561fb782bd9f38c52b51d"),
        ("qmnist-train-labels-idx2-int.gz", 463_024, "2c05dc77f6b916b38e455e97ab129a42a444f3dbef09b278a366f82904e0dd9f"),
        ("qmnist-test-images-idx3-ubyte.gz", 9_742_279, "43fc22bf7498b8fc98de98369d72f752d0deabc280a43a7bcc364ab19e57b375"),
        ("qmnist-test-labels-idx2-int.gz", 526_800, "9fbcbe594c3766fdf4f0b15c5165dc0d1e57ac604e01422608bb72c906030d06"),
    )
)
EMNIST_FILES = (
    RemoteFile(
        "gzip.zip",
        561_753_746,
        "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e",
        ("https://biometrics.nist.gov/cs_links/EMNIST/", "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/"),
    ),
)
CIFAR_FILES = (
    RemoteFile(
        "cifar-10-binary.tar.gz",
        170_052_171,
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        ("https://www.cs.toronto.edu/~kriz/",),
    ),
)

BALANCED_NAMES = tuple(string.digits + string.ascii_uppercase + "abdefghnqrt")  # letters that look alike in both cases are merged
EMNIST_LICENCE = "none stated"
EMNIST_CITATION = 'G. Cohen, S. Afshar, J. Tapson, A. van Schaik, "EMNIST: an extension of MNIST to handwritten letters", 2017'

RECORDS = {
    record.name: record
    for record in (
        Record(
            "digits",
            "UCI handwritten digits",
            "embedded",
            (1, 8, 8),
            1_438,
            359,
            DIGIT_NAMES,
            "CC BY 4.0",
            'E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998',
            (0.305265,),
            (0.375651,),
        ),
        Record(
            "mnist",
            "MNIST handwritten digits",
            "idx",
            (1, 28, 28),
            60_000,
            10_000,
            DIGIT_NAMES,
            "CC BY-SA 3.0",
            'Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", 1998',
            (0.130660,),
            (0.308108,),
            "mnist",
            MNIST_FILES,
            handwriting="mnist",
            torchvision="MNIST",
        ),
        Record(
            "fashion-mnist",
            "Fashion-MNIST articles",
            "idx",
            (1, 28, 28),
            60_000,
            10_000,
            ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
            "MIT",
            'H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST", arXiv 1708.07747, 2017',
            (0.286041,),
            (0.353024,),
            "fashion-mnist",
            FASHION_FILES,
            torchvision="FashionMNIST",
        ),
        Record(
            "kmnist",
            "Kuzushiji-MNIST hiragana",
            "idx",
            (1, 28, 28),
            60_000,
            10_000,
            ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
            "CC BY-SA 4.0",
            '"KMNIST Dataset" (created by CODH), adapted from "Kuzushiji Dataset" (created by NIJL and others), doi:10.20676/00000341',
            home="kmnist",
            files=KMNIST_FILES,
            torchvision="KMNIST",
        ),
        Record(
            "qmnist",
            "QMNIST: MNIST made again",
            "idx",
            (1, 28, 28),
            60_000,
            60_000,
            DIGIT_NAMES,
            "BSD-style",
            'C. Yadav, L. Bottou, "Cold Case: The Lost MNIST Digits", NeurIPS 2019, arXiv 1905.10498',
            home="qmnist",
            files=QMNIST_FILES,
            handwriting="mnist",
            torchvision="QMNIST",
        ),
        Record(
            "emnist-letters",
            "EMNIST letters",
            "emnist",
            (1, 28, 28),
            124_800,
            20_800,
            tuple(string.ascii_uppercase),
            EMNIST_LICENCE,
            EMNIST_CITATION,
            home="emnist",
            files=EMNIST_FILES,
            handwriting="emnist",
            torchvision="EMNIST",
        ),
        Record(
            "emnist-digits",
            "EMNIST digits",
            "emnist",
            (1, 28, 28),
            240_000,
            40_000,
            DIGIT_NAMES,
            EMNIST_LICENCE,
            EMNIST_CITATION,
            home="emnist",
            files=EMNIST_FILES,
            handwriting="emnist",
            torchvision="EMNIST",
        ),
        Record(
            "emnist-mnist",
            "EMNIST digits in MNIST's number",
            "emnist",
            (1, 28, 28),
            60_000,
            10_000,
            DIGIT_NAMES,
            EMNIST_LICENCE,
            EMNIST_CITATION,
            home="emnist",
            files=EMNIST_FILES,
            handwriting="emnist",
            torchvision="EMNIST",
        ),
        Record(
            "emnist-balanced",
            "EMNIST, classes of equal size",
            "emnist",
            (1, 28, 28),
            112_800,
            18_800,
            BALANCED_NAMES,
            EMNIST_LICENCE,
            EMNIST_CITATION,
            home="emnist",
            files=EMNIST_FILES,
            handwriting="emnist",
            torchvision="EMNIST",
        ),
        Record(
            "emnist-byclass",
            "EMNIST, all characters",
            "emnist",
            (1, 28, 28),
            697_932,
            116_323,
            tuple(string.digits + string.ascii_uppercase + string.ascii_lowercase),
            EMNIST_LICENCE,
            EMNIST_CITATION,
            home="emnist",
            files=EMNIST_FILES,
            handwriting="emnist",
            torchvision="EMNIST",
        ),
        Record(
            "cifar10",
            "CIFAR-10 photographs",
            "cifar",
            (3, 32, 32),
            50_000,
            10_000,
            ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
            "none stated",
            'A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009',
            (0.4914, 0.4822, 0.4465),
            (0.2470, 0.2435, 0.2616),
            "cifar10",
            CIFAR_FILES,
        ),
        Record(
            "mnist1d",
            "MNIST-1D signals",
            "generated",
            (1, 40),
            4_000,
            1_000,
            DIGIT_NAMES,
            "Apache-2.0",
            'S. Greydanus, D. Kobak, "Scaling down deep learning with MNIST-1D", ICML 2024, arXiv 2011.14439',
            (0.0,),
            (1.0,),
        ),  # standardised over all 5,000 signals by their recipe
        Record(
            "cells",
            "Cells, some in contact, with masks",
            "generated",
            (1, 64, 64),
            400,
            100,
            ("background", "cell"),
            "MIT",
            "drawn by minicnn",
            (0.389676,),
            (0.135698,),
            target="mask",
        ),
        Record(
            "digit-scenes",
            "Digits of many sizes, with boxes",
            "generated",
            (1, 96, 96),
            4_000,
            500,
            DIGIT_NAMES,
            "as its digits",
            "drawn by minicnn from MNIST where its files are, otherwise from digits",
            (0.1,),
            (0.17,),
            target="boxes",
        ),  # whichever digits they are drawn from
    )
}


def names() -> tuple[str, ...]:
    """The names that `load` takes."""
    return tuple(RECORDS)


def record(name: str) -> Record:
    """The record of a data set.

    Raises
    ------
    DataError
        If there is no such name; the message lists the names and the closest one.
    """
    if name in RECORDS:
        return RECORDS[name]
    near = difflib.get_close_matches(str(name).lower(), RECORDS, n=1, cutoff=0.5)
    guess = f": did you mean {near[0]}?" if near else ""
    raise DataError(
        f"no data set is called {quoted(name)}{guess}"
        f"\n  there are {', '.join(RECORDS)}; or give a folder of pictures by class, or a file .npz, .npy or .csv"
    )
