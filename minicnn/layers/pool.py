"""What the pooling layers share: every window of a channel becomes one number, no parameters."""

from __future__ import annotations

from minicnn.errors import SettingError
from minicnn.geometry import extent, per_axis, resolve_padding
from minicnn.layers.base import Shape
from minicnn.layers.setting import by, setting_text
from minicnn.layers.windowed import Windowed


class Pool(Windowed, registered=False):
    """A window slid over each channel by itself; the stride is the window unless given."""

    stem = "pool"
    colour = "#dcefd2"

    def check_pool(self) -> None:
        """Check the settings, and that every window reaches into the image: one of padding alone has nothing to pool."""
        self.check_window()
        narrowest = min(self._extents())
        if not isinstance(self.padding, str) and not self.padding_fits(self._widest_padding()):
            raise SettingError(
                f"{self.where()}: padding {setting_text(self.padding)} is as wide as the window"
                f" ({by(self.window, self.axis_count)}): some windows would have nothing but padding to pool"
                f"\n  use a padding of at most {narrowest - 1}"
            )

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        axes = self.fitting_axes(where, inputs)
        return ((inputs[0][0], *(axis.out for axis in axes)),)

    def padding_fits(self, padding: int) -> bool:
        return padding < min(self._extents())

    def _extents(self) -> tuple[int, ...]:
        taps = per_axis(self.where(), "window", self.window, self.axis_count)
        gaps = per_axis(self.where(), "dilation", self.dilation, self.axis_count)
        return tuple(extent(tap, gap) for tap, gap in zip(taps, gaps, strict=True))

    def _widest_padding(self) -> int:
        ones = (1,) * self.axis_count
        return max(max(pair) for pair in resolve_padding(self.where(), self.padding, ones, ones, ones, ones))
