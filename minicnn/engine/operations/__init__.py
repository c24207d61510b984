"""What each kind of layer does on the CPU: the steps of its forward and of its backward pass.

Every file here says which layers it has steps for; a layer without runs the loops that define it.
"""

from importlib import import_module
from pkgutil import iter_modules

from minicnn.engine.operations.operation import ADDS, NORMALIZES, Operation, operation_of

for _file in iter_modules(__path__):
    import_module(f"{__name__}.{_file.name}")

__all__ = ["ADDS", "NORMALIZES", "Operation", "operation_of"]
