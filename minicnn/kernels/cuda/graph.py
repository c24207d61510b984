"""A batch's launches as one graph: captured once, launched again and again without work on the host in between.

A launch by hand costs the host some 10 microseconds and more for each kernel, a kernel inside a graph some 2 (measured by others on such
devices); LeNet's step is 38 kernels of at most 2 microseconds each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minicnn.kernels.cuda.runtime import SIMULATED


def captured(launch_all: Callable[[Any], None], stream: Any) -> Callable[[], None]:
    """What `launch_all(stream)` launches, as a function that launches it again on that stream.

    Its kernels must have run before, so that nothing is compiled or loaded on the way.  The simulator knows no graphs and launches each.
    """
    if SIMULATED:
        return lambda: launch_all(stream)
    from numba.cuda.cudadrv.driver import _to_core_stream

    own = _to_core_stream(stream)
    builder = own.create_graph_builder()
    builder.begin_building()
    try:
        launch_all(builder)
    finally:
        builder.end_building()
    graph = builder.complete()
    return lambda: graph.launch(own)
