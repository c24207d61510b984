"""What holds for all tests: generated cases take their time, and are the same in every run; tests marked `gpu` run where there is one.

--require-cuda ends the run where there is none.
"""

import gc
import shutil

import pytest
from hypothesis import settings

settings.register_profile("minicnn", deadline=None, derandomize=True)  # a busy machine is no fault of the code
settings.load_profile("minicnn")


def pytest_addoption(parser):
    parser.addoption("--require-cuda", action="store_true", help="end the run where there is no CUDA device, instead of leaving tests out")


def pytest_configure(config):
    config.addinivalue_line("markers", "gpu: needs a CUDA device")
    if config.getoption("require_cuda") and (missing := missing_of_cuda()):
        raise pytest.UsageError(f"--require-cuda: {missing}")


def pytest_collection_modifyitems(config, items):
    gpu = [item for item in items if item.get_closest_marker("gpu")]
    if gpu and missing_of_cuda():
        items[:] = [item for item in items if item not in gpu]
        config.hook.pytest_deselected(items=gpu)


def pytest_collection_finish():
    """A compiler makes many small objects that soon go, and modules and tests stay to the end: looking through them all again and again
    takes a tenth of the time of compiling."""
    gc.set_threshold(10_000, 10, 5)


def missing_of_cuda():
    """What keeps launches from a device, and the next thing to do; "" if there is one."""
    from minicnn.kernels.cuda.runtime import SIMULATED, found

    state = found()
    if SIMULATED:
        return "the simulator is on: unset NUMBA_ENABLE_CUDASIM"
    return f"{state.missing}: {state.fix}" if state.missing else ""


@pytest.fixture(scope="module")
def browser():
    """Chromium, for pages that are written.  It ends with the module: while it runs, nothing else may have an event loop in this thread."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright here to steer a browser with")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("there is no Chromium here: apt-get install chromium")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()
