"""What weights start from, by name: for one layer, a whole network, or `minicnn train --init`.

    Conv2D(6, 5, init="glorot")     Linear(10, init=Gaussian(0.01))     minicnn.zoo.build("alexnet", init="gaussian=0.01")

    name              variance of a weight
    he                2 / fan_in                  He, Zhang, Ren, Sun, "Delving Deep into Rectifiers", 2015, equation 10
    glorot            2 / (fan_in + fan_out)      Glorot, Bengio, "Understanding the Difficulty of Training Deep Networks", 2010, equation 16
    lecun             1 / fan_in                  LeCun, Bottou, Orr, Müller, "Efficient BackProp", 1998, equation 16
    gaussian=SIGMA    SIGMA^2, 0.01 unless given  Krizhevsky, Sutskever, Hinton, "ImageNet Classification", 2012, section 5
    orthogonal=GAIN   rows, or columns where there are fewer, at right angles, of length GAIN (1 unless given)
                                                  Saxe, McClelland, Ganguli, "Exact Solutions to the Nonlinear Dynamics of Learning", 2014
    constant=VALUE    all the same; zeros, ones

The first three are uniform; "he-normal", "glorot-normal", "lecun-normal" have the same variance.  fan_in counts the inputs that meet in one
output, fan_out the outputs that one input goes into, strides not considered.

Left alone, layers start from He's uniform weights, and the one that computes the logits from a tenth of them.
"""

from __future__ import annotations

import math

from minicnn.errors import SettingError, quoted, suggestion

SCALED = ("he", "glorot", "lecun")  # uniform or normal
NUMBERED = {"gaussian": 0.01, "orthogonal": 1.0, "constant": None}  # with the number that is meant if none is given
NAMES = (*SCALED, *(f"{name}-{form}" for name in SCALED for form in ("uniform", "normal")), *NUMBERED, "zeros", "ones")


def Gaussian(sigma: float = 0.01) -> str:
    """Normally distributed weights with mean 0 and this deviation."""
    return checked("Gaussian", f"gaussian={sigma}")


def Orthogonal(gain: float = 1.0) -> str:
    """Rows, or columns where there are fewer, that stand at right angles and have this length; filters count as rows."""
    return checked("Orthogonal", f"orthogonal={gain}")


def Constant(value: float) -> str:
    """All weights the same."""
    return checked("Constant", f"constant={value}")


def checked(where: str, init: object) -> str:
    """An initialiser in its normal form: "he" as "he-uniform", "gaussian" as "gaussian=0.01".

    Raises
    ------
    SettingError
        If there is none of that name, or its number is none.
    """
    name, _, number = init.partition("=") if isinstance(init, str) else ("", "", "")
    if name not in NAMES or (number and name not in NUMBERED):
        known = ", ".join(f"{each}=NUMBER" if each in NUMBERED else each for each in NAMES)
        raise SettingError(f"{where}: init {quoted(init)} is not known{suggestion(name, NAMES) if name else ''}\n  use one of {known}")
    if name in SCALED:
        return f"{name}-uniform"
    if name not in NUMBERED:
        return name
    try:
        value = float(number) if number else NUMBERED[name]
    except ValueError:
        value = math.nan
    if value is None or not math.isfinite(value) or (name != "constant" and value <= 0):
        wanted = "a finite number" if name == "constant" else "a number above 0"
        raise SettingError(f"{where}: init is {quoted(init)}, but {name} needs {wanted}, as in {name}=0.5")
    return f"{name}={value!r}"
