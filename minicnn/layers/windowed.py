"""What convolution and pooling share: a window that slides over the axes of a map."""

from __future__ import annotations

from typing import ClassVar

from minicnn.errors import ShapeError
from minicnn.geometry import AXIS_WORDS, Axis, PaddingSetting, resolve_axes, size_formula
from minicnn.layers.base import Layer, Shape
from minicnn.layers.setting import PerAxis, axis_setting, by, one_map, padding_setting, setting_text


class Windowed(Layer, registered=False):
    """A layer with a window; `axis_count` is 1, 2 or 3.  Subclasses say which of the settings a user may choose."""

    grows = True
    axis_count: ClassVar[int]
    window: PerAxis
    stride: PerAxis | None
    padding: PaddingSetting
    dilation: PerAxis
    ceil_mode: bool

    def check_window(self) -> None:
        """Bring the window's settings into their normal form; a stride of None becomes the window."""
        where, axes = self.where(), self.axis_count
        window = axis_setting(where, "window", self.window, axes)
        self.store(
            window=window,
            stride=window if self.stride is None else axis_setting(where, "stride", self.stride, axes),
            padding=padding_setting(where, self.padding, axes),
        )

    def axes(self, inputs: tuple[Shape, ...]) -> tuple[Axis, ...]:
        """The window's geometry with all settings resolved: what shapes, kernels, tables and messages ask."""
        return resolve_axes(self.where(), inputs[0][1:], self.window, self.stride, self.padding, self.dilation, self.ceil_mode)

    def fitting_axes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Axis, ...]:
        """The same, or a ShapeError if the window does not fit into the input."""
        one_map(where, inputs, self.axis_count)
        axes = self.axes(inputs)
        for axis, word in zip(axes, AXIS_WORDS[self.axis_count], strict=True):
            if axis.out < 1:
                overhang = axis.stride - 1 if self.ceil_mode else 0
                least = max(1, axis.extent - axis.before - axis.after - overhang)
                raise ShapeError(f"{where} needs at least {least} {word}, but gets {axis.size}")
        return axes

    def brief(self) -> tuple[str, ...]:
        words = [by(self.window, self.axis_count)]
        if self.stride != 1:
            words.append(f"stride {setting_text(self.stride)}")
        words.append(f"padding {setting_text(self.padding)}")
        if self.dilation != 1:
            words.append(f"dilation {setting_text(self.dilation)}")
        return tuple(words)

    def size_steps(self, inputs: tuple[Shape, ...]) -> str:
        steps = [size_formula(axis, self.ceil_mode) for axis in self.axes(inputs)]
        if len(set(steps)) == 1:
            return steps[0]
        return ", ".join(f"{word} {step}" for word, step in zip(AXIS_WORDS[self.axis_count], steps, strict=True))

    def repairs(self, inputs: tuple[Shape, ...]) -> tuple[str, ...]:
        if len(inputs) != 1 or len(inputs[0]) != self.axis_count + 1:
            return ()
        axes = self.axes(inputs)
        missing = max(axis.extent - axis.before - axis.after - axis.size for axis in axes)
        if missing <= 0:
            return ()
        words = []
        smallest = max(-(-(axis.extent - axis.size) // 2) for axis in axes)
        if self.padding_fits(smallest):
            words.append(f"padding {smallest}")
        largest = min((axis.size + axis.before + axis.after - 1) // axis.dilation + 1 for axis in axes)
        words.append(f"a window of at most {largest}")
        return tuple(words)

    def padding_fits(self, padding: int) -> bool:
        """Whether this layer could be padded by so many pixels on every side."""
        return True

    def keeping_size(self) -> Windowed | None:
        """The same layer padded so that its output is as large as its input; None where the settings do not allow that."""
        settings = self.settings()
        return type(self)(**{**settings, "padding": "same"}) if self.stride == 1 and "padding" in settings else None
