"""Numba's compilation of the loops as WebAssembly, for whoever changes a kernel: `python -m minicnn.page.build`.

`module` has Numba type the loops and LLVM emit one object; `link` makes a module of it.  No other tool is needed.
"""
