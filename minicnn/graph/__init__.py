"""Networks as graphs: nodes in order, shapes inferred, parameters placed, costs summed; nothing is allocated."""

from minicnn.graph.cost import TrainingMemory
from minicnn.graph.folding import fold
from minicnn.graph.free import fits, sized, topology_for
from minicnn.graph.node import INPUT, Node, ParameterSlot, ValueRef
from minicnn.graph.summary import Share, Summary, SummaryRow, SummaryTotals, Uncounted, summarize
from minicnn.graph.topology import Topology

__all__ = [
    "INPUT",
    "Node",
    "ParameterSlot",
    "Share",
    "Summary",
    "SummaryRow",
    "SummaryTotals",
    "Topology",
    "TrainingMemory",
    "Uncounted",
    "ValueRef",
    "fits",
    "fold",
    "sized",
    "summarize",
    "topology_for",
]
