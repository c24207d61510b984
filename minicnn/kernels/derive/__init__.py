"""What follows from a definition: the loop of the lecture, read as text, becomes threads, steps of a plan, other languages, a trace.

grammar         what a definition may contain (the front door of the folder), and the walk that reads it; `values`, its expressions
definition      what is known once it is read        source      the text of a function        syntax      questions about its tree
flow            what statements read before they write it              kinds       which kind of number every expression is
text            Python text made of it                                 generated   such a text becomes a function
threads         which loops may run at the same time                   cuda        so many threads for Numba; ptx, what it makes of them
javascript/     the loop for a browser
trace/          one place of one output, step by step
lanes/          steps of a plan, images innermost; and an optimizer's loop over parameters
"""

from minicnn.kernels.derive.cuda import cuda
from minicnn.kernels.derive.definition import Definition
from minicnn.kernels.derive.flow import updated
from minicnn.kernels.derive.grammar import read
from minicnn.kernels.derive.javascript import javascript
from minicnn.kernels.derive.threads import Threads, marked, threads
from minicnn.kernels.derive.trace import Trace, trace

__all__ = ["Definition", "Threads", "Trace", "cuda", "javascript", "marked", "read", "threads", "trace", "updated"]
