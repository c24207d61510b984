"""Plans on a CUDA device: the same walk over the graph, whose steps are launches; imported when a device is asked for."""
