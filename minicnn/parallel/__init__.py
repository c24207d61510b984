"""Training by several processes at once, on one machine or many, that MPI has started: `mpiexec -n 4 minicnn train resnet20`.

    "data"     every rank has the whole network, and computes the gradients of a part of each batch; the weights have the same bits on
               any number of ranks
    "model"    each of two ranks has one tower of the network, as AlexNet had on two graphics cards, and sees all images

See docs/machines.md.
"""

from minicnn.parallel.failing import failing_together, tell_of_failures
from minicnn.parallel.mpi import MPIRanks, ranks

__all__ = ["MPIRanks", "failing_together", "ranks", "tell_of_failures"]
