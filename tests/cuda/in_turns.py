"""Run a program in Numba's simulator with the threads of a block in turns, each up to its next barrier or its end.

    python in_turns.py SCRIPT ARGUMENT...           with NUMBA_ENABLE_CUDASIM=1 in the environment
    python in_turns.py -m MODULE ARGUMENT...

The simulator's own blocks start all threads at once and ask every one of them again and again whether it waits, while those that compute
wait for Python's lock: most of its time went there.  What a thread does, and when a barrier opens (all that have not ended wait at one),
is the same.
"""

import os
import runpy
import sys
from threading import Lock

import numpy as np


def take_turns():
    """Let the simulator's blocks take turns."""
    from numba.cuda.simulator import kernel

    class Thread(kernel.BlockThread):
        """Stands still but between `go` and a barrier."""

        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.ended, self.its_turn, self.stands = False, Lock(), Lock()
            self.its_turn.acquire()
            self.stands.acquire()

        def go(self):
            """Returns when it waits at a barrier or has ended."""
            if self.ident is None:
                self.start()
            else:
                self.its_turn.release()
            self.stands.acquire()

        def run(self):
            super().run()
            self.ended = True
            self.stands.release()

        def syncthreads(self):
            self.stands.release()
            self.its_turn.acquire()
            if self.abort:
                raise RuntimeError("another thread of the block failed")

    class Block(kernel.BlockManager):
        def run(self, grid_point, *arguments):
            threads = [Thread(lambda: self._f(*arguments), self, grid_point, place, self._debug) for place in np.ndindex(*self._block_dim)]
            while threads:
                for each in threads:
                    each.go()
                    if each.exception:
                        self.end(threads)
                        error, trace = each.exception
                        raise error.with_traceback(trace)
                threads = [each for each in threads if not each.ended]

        def end(self, threads):
            """Wake those that wait, so that they end."""
            for each in threads:
                each.abort = True
                if each.ident is not None and not each.ended:
                    each.go()

    kernel.BlockManager = Block


if __name__ == "__main__":
    take_turns()
    sys.argv = sys.argv[1:]
    if sys.argv[0] == "-m":
        sys.argv = sys.argv[1:]
        sys.path[0] = os.getcwd()
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")
