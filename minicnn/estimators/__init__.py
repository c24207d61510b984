"""Networks as scikit-learn's estimators.  Without scikit-learn the names are there, and say how to install it when they are called."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from minicnn.errors import SettingError

__all__ = ["CNNClassifier", "CNNRegressor"]


def stand_in(name: str) -> Any:
    """What stands for an estimator where scikit-learn is not installed: a SettingError when it is called."""

    def missing(*_: object, **__: object) -> None:
        raise SettingError(f"{name} needs scikit-learn, which is not installed: pip install minicnn[sklearn]")

    return missing


if TYPE_CHECKING or find_spec("sklearn"):
    from minicnn.estimators.classifier import CNNClassifier
    from minicnn.estimators.regressor import CNNRegressor
else:
    CNNClassifier, CNNRegressor = map(stand_in, __all__)
