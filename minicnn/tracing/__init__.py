"""One number of one layer, every product that leads to it: the textbook loop walked at one place, and the fast engine beside it.

    import minicnn

    net = minicnn.zoo.build("lenet")
    minicnn.trace(net, x, "conv2", (3, 4, 5))
    minicnn.trace(net, x, "conv2", (3, 2, 0, 1), gradient="weight", labels=[7])

No layer has a case of its own: a layer says by which loops it is defined (`minicnn.layers.base.Loops`), the textbook run calls them by the
names of their arguments, and `minicnn.kernels.derive.trace` walks them.
"""

from minicnn.tracing.of_network import trace as trace
from minicnn.tracing.record import Part as Part
from minicnn.tracing.record import Read as Read
from minicnn.tracing.record import Row as Row
from minicnn.tracing.record import Walk as Walk
from minicnn.tracing.trace_table import TraceTable as TraceTable
