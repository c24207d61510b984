"""Networks as graphs: nodes in order, shapes inferred, parameters placed, costs summed; nothing is allocated."""

from minicnn.graph.node import INPUT, Node, ParameterSlot, ValueRef
from minicnn.graph.summary import Share, Summary, SummaryRow, SummaryTotals, summarize
from minicnn.graph.topology import Topology

__all__ = ["INPUT", "Node", "ParameterSlot", "Share", "Summary", "SummaryRow", "SummaryTotals", "Topology", "ValueRef", "summarize"]
