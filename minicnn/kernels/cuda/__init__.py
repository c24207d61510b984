"""The same operations on a CUDA device: imported only when something lies there, or is asked for there."""
