"""Stress: random interrupts, threads, forks, mutated files, damaged caches, closed streams, and a count of what went wrong.

    python -m tests.stress --full            everything, about 45 minutes on two cores
    python -m tests.stress --minutes 2       a sample spread over all campaigns
    python -m tests.stress --only threads --seed 17 --here      one process again, in this one, to look at what it shows

The package under test is the installed one, if there is one beside the checkout: `python -m` puts the checkout first on the path, and it
leaves the path here.  An editable install is the checkout itself, which then stays.
"""

import sys
from importlib.machinery import PathFinder
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]

elsewhere = [entry for entry in sys.path if Path(entry or ".").resolve() != CHECKOUT]
if PathFinder.find_spec("minicnn", elsewhere):
    sys.path[:] = elsewhere
