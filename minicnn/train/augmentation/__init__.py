"""Changes of training images: one a file, each known by its word.  They are applied in this order, whatever the order of the words."""

# The order in which kinds are known is the order in which they are applied.
# isort: off
from minicnn.train.augmentation.change import CHANGES, Change
from minicnn.train.augmentation.shift import Shift
from minicnn.train.augmentation.crop import Crop
from minicnn.train.augmentation.flip import Flip
from minicnn.train.augmentation.rotate import Rotate
from minicnn.train.augmentation.scale import Scale
from minicnn.train.augmentation.elastic import Elastic
from minicnn.train.augmentation.brightness import Brightness
from minicnn.train.augmentation.contrast import Contrast
from minicnn.train.augmentation.pca import PCA
from minicnn.train.augmentation.cutout import Cutout
from minicnn.train.augmentation.mixup import Mixup
from minicnn.train.augmentation.augmentation import Augmentation, augmentation
from minicnn.train.augmentation.preview import augmented
# isort: on

__all__ = [
    "CHANGES",
    "PCA",
    "Augmentation",
    "Brightness",
    "Change",
    "Contrast",
    "Crop",
    "Cutout",
    "Elastic",
    "Flip",
    "Mixup",
    "Rotate",
    "Scale",
    "Shift",
    "augmentation",
    "augmented",
]
