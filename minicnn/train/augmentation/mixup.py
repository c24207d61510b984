"""Images mixed with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicnn.engine.objective import Objective
from minicnn.errors import SettingError
from minicnn.kernels import textbook
from minicnn.losses import BOXES
from minicnn.losses.function import FunctionLoss
from minicnn.train.augmentation.change import Change

if TYPE_CHECKING:
    from minicnn.engine.changes import Changing

LARGEST = 1000.0  # all but halves


class Mixup(Change):
    """Every image becomes share * itself + (1 - share) * another one of its shard, and so does its loss, whatever loss that is.

    share is the larger part of a whole cut by a Beta(alpha, alpha) number, drawn for each image: 0.2 leaves most nearly as they are, 1
    mixes them in any proportion.  The paper's share may as well be the smaller part; since every image of a shard is another one's
    partner, the mixtures are the same, and an image stays more of itself than of its partner: accuracy while training is counted by
    the image's own label.  It is lower than that of the images as they are, and the loss higher.

    A shard is the 16, 32 or 64 images of a batch that go through the engine together; in a shard of one nothing is mixed.  Targets are
    mixed after they have moved with their images.  A mean over labels that weigh differently divides by the weights of the own labels.

    Zhang, Cisse, Dauphin, Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", 2018, section 2: 0.1 to 0.4 on ImageNet, 1 on CIFAR-10.
    """

    alpha: float = 0.2

    stage = "pairs"
    chances = 2
    axes = (0, 1, 2, 3)
    draw = textbook.mixup_draw_forward

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.alpha <= LARGEST:
            raise SettingError(f"augment {self.word}: alpha is {self.alpha}, but must be above 0 and at most {LARGEST:g}")

    def check_objective(self, objective: Objective) -> None:
        super().check_objective(objective)
        if objective.kind == BOXES:
            raise SettingError(
                "augment mixup: the targets are boxes, but two losses are added, and a mixture has the boxes of both\n  leave mixup out"
            )
        if isinstance(objective.loss, FunctionLoss):
            raise SettingError(
                "augment mixup: the loss is a function, which is asked once, but mixup adds two losses"
                "\n  use a class of two loops, see minicnn.losses.Loss"
            )

    def counts(self, own: Changing) -> tuple[int, int]:
        return 2, 1

    def append(self, own: Changing) -> None:
        own.mix(self.word, self.numbers(own))
