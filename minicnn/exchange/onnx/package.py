"""The package that reads and writes the files, and the versions of operators that are tested with it."""

from __future__ import annotations

from minicnn.errors import SettingError

OPSET = 17  # since ONNX 1.12, 2022
NEWEST_OPSET = 22


def need_onnx(where: str) -> None:
    """A SettingError that says how to get the package if it is not there."""
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        raise SettingError(
            f"{where}: ONNX files need the package onnx, which cannot be imported: use pip install 'minicnn[onnx]'\n  {error}"
        ) from None


def checked_opset(where: str, opset: object) -> int:
    """The opset, if it is one of those tested."""
    if type(opset) is not int or not OPSET <= opset <= NEWEST_OPSET:
        raise SettingError(f"{where}: opset is {opset!r}, but must be from {OPSET} to {NEWEST_OPSET}")
    return opset
