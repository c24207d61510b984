"""PyTorch as the independent reference, where it is installed."""

import pytest


@pytest.fixture
def torch():
    """On one thread: the arrays are tiny, and a second thread would only wait."""
    module = pytest.importorskip("torch", reason="PyTorch is the independent reference: pip install torch")
    threads = module.get_num_threads()
    module.set_num_threads(1)
    yield module
    module.set_num_threads(threads)
