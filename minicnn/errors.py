"""What can go wrong, by kind: every mistake of a user ends in one of these, never in a traceback of ours."""


class MinicnnError(Exception):
    """Something a user can mend: the first line says where and what clashed, the rest shows the numbers."""

    @property
    def headline(self) -> str:
        """The first line, which stands alone."""
        return str(self).partition("\n")[0]


class ShapeError(MinicnnError, ValueError):
    """Arrays or layers whose sizes do not fit together."""


class SettingError(MinicnnError, ValueError):
    """A setting outside its range, of the wrong kind, or in conflict with another."""


class GraphError(MinicnnError, ValueError):
    """Layers that do not form a network."""


class DeviceError(MinicnnError, RuntimeError):
    """A device that is missing or cannot do the work."""


class DataError(MinicnnError, RuntimeError):
    """Data that is missing, broken or not what it claims to be."""


class CheckpointError(MinicnnError, RuntimeError):
    """A file of weights or a run folder that cannot be read back."""


class MinicnnWarning(UserWarning):
    """Something worth knowing that stops nothing, in one line."""


class CacheWarning(MinicnnWarning):
    """Compiled kernels that could not be read back or kept: the results are the same, the start takes longer."""
