"""Stress: random interrupts, threads, forks, mutated files, damaged caches, closed streams, and a count of what went wrong.

    python -m tests.stress --full            everything, about 45 minutes on two cores
    python -m tests.stress --minutes 2       a sample spread over all campaigns
    python -m tests.stress --only threads --seed 17 --here      one process again, in this one, to look at what it shows

The package under test is the installed one: the checkout, which `python -m` puts first on the path, leaves it here, or its `minicnn/`
would hide the installed package and the parts of it that lie in other folders.
"""

import importlib.util
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]

sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != CHECKOUT]
if importlib.util.find_spec("minicnn") is None:   # the checkout is what was installed, by a line of a .pth file or PYTHONPATH
    sys.path.append(str(CHECKOUT))
