"""YOLO's loss: squared errors of the boxes, confidences and classes that a grid of cells gives.

The network gives 5 numbers for each box of a cell and one for each class, (5*boxes + K, P, Q); `kernels.textbook.yolo_forward` says
what they mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from minicnn.geometry import whole_number
from minicnn.layers import Shape
from minicnn.losses.base import BOXES, Loss

if TYPE_CHECKING:
    import numpy as np

BOX_NUMBERS = 5
OBJECT_NUMBERS = 6  # of a found one: x, y, w, h, class, score


class YOLO(Loss):
    """For a network that gives boxes; labels list the objects of each image, (N, M, 5): x, y, w, h in pixels, and the class.

    boxes : of each cell
    lambda_coord, lambda_noobj : how much places and sizes weigh, and confidences where there is nothing
    score, iou : a prediction is a box with a score from here on, that no better one of its class overlaps by more than `iou`

    Redmon, Divvala, Girshick, Farhadi, "You Only Look Once: Unified, Real-Time Object Detection", 2016, eq. 3.
    """

    forward: ClassVar[Any] = "yolo_forward"
    backward: ClassVar[Any] = "yolo_backward"
    targets: ClassVar[tuple[str, ...]] = (BOXES,)
    metrics: ClassVar[tuple[str, ...]] = ("mean_average_precision",)

    boxes: int = 2
    lambda_coord: float = 5.0
    lambda_noobj: float = 0.5
    score: float = 0.05
    iou: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        whole_number(self.kind(), "boxes", self.boxes, least=1)
        for name in ("lambda_coord", "lambda_noobj", "score", "iou"):
            self.check_number(name, least=0)

    def check(self, network: str, output_shape: Shape, input_shape: Shape) -> None:
        """A GraphError unless outputs are a grid with the numbers of so many boxes and of a class, and inputs are pictures."""
        least = BOX_NUMBERS * self.boxes + 1
        if len(output_shape) != 3 or len(input_shape) != 3 or output_shape[0] < least:
            raise self.refuse(
                network,
                output_shape,
                f"needs {BOX_NUMBERS} numbers for each of {self.boxes} boxes and one for each class in every cell of a grid: at least"
                f" {least} x rows x columns\n  end the network with Conv2D({BOX_NUMBERS * self.boxes} + classes, 1)",
            )

    def classes(self, output_shape: Shape) -> int:
        """How many classes an object may have."""
        return output_shape[0] - BOX_NUMBERS * self.boxes

    def loop_settings(self, output_shape: Shape, input_shape: Shape) -> dict[str, Any]:
        """The boxes of a cell, the size of an image in pixels, and the two weights."""
        height, width = input_shape[1:]
        return {
            "boxes": self.boxes,
            "height": height,
            "width": width,
            "lambda_coord": self.lambda_coord,
            "lambda_noobj": self.lambda_noobj,
        }

    def for_size(self, y: np.ndarray, input_shape: Shape, learnt_shape: Shape) -> np.ndarray:
        """The same boxes in pixels: a network says sizes as shares of the images that it learnt from."""
        if input_shape[1:] == learnt_shape[1:]:
            return y
        fitted = y.copy()
        for first, size, learnt in zip((2, 3), input_shape[:0:-1], learnt_shape[:0:-1], strict=True):  # roots of width and height
            fitted[:, first : BOX_NUMBERS * self.boxes : BOX_NUMBERS] *= (learnt / size) ** 0.5
        return fitted

    def prediction(self, y: np.ndarray, input_shape: Shape) -> list[np.ndarray]:
        """For every image the objects that it is said to show, (n, 6): x, y, w, h in pixels, class, score; the highest score first."""
        import numpy as np

        from minicnn.kernels import decode_boxes, non_maximum_suppression

        if not len(y):
            return []
        found = decode_boxes(y, self.boxes, image_size=input_shape[1:])
        likely = [each[each[:, 5] >= self.score] for each in found]
        likely = [each[np.argsort(-each[:, 5], kind="stable")] for each in likely]
        most = max(map(len, likely))
        together = np.full((len(likely), most, OBJECT_NUMBERS), -1, found.dtype)  # rows of no size overlap nothing
        together[:, :, 2:4] = 0
        for row, each in zip(together, likely, strict=True):
            row[: len(each)] = each
        kept = non_maximum_suppression(together, iou=self.iou)
        return [each[keep[: len(each)] == 1] for each, keep in zip(likely, kept, strict=True)]
