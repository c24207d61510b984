"""What assemblers make of a kernel, without a device: registers, spills, and what its innermost loop consists of.

python -m tests.cuda.machine_code      a table of every tile, for three architectures, by both ways to machine code
"""

import collections
import functools
import re
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from cuda import pathfinder
from cuda.bindings import nvjitlink

from minicnn.kernels.cpu.convolution.problem import BACKWARD_WEIGHT, FORWARD
from minicnn.kernels.cuda.convolution import choice
from minicnn.kernels.cuda.convolution.lowering import append_gather, append_reduce

from .convolving import CASES, images_innermost
from .executed import ARCHITECTURES, Executed, kind_of, put

INSTRUCTION = re.compile(r"/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+\s+)?([A-Z][A-Z0-9_.]*)")
PRODUCTS = ("FFMA", "FFMA2", "DFMA", "HMMA")


class MachineCode(NamedTuple):
    """Of one kernel; `spilled` bytes that a thread keeps in memory for want of registers, written or read anywhere."""

    cubin: bytes
    registers: int
    spilled: int
    shared: int


class Loop(NamedTuple):
    """The innermost loop that multiplies most: how often it has each instruction, FFMA2 counting two."""

    counts: collections.Counter

    @property
    def share(self):
        return self.products / max(1, sum(self.counts.values()))

    @property
    def products(self):
        return sum(self.counts[name] for name in PRODUCTS)

    @property
    def spills(self):
        """Numbers that go to a thread's own memory, or come from it."""
        return sum(count for name, count in self.counts.items() if name in ("LDL", "STL"))


@functools.cache
def tool(name):
    """A program of the CUDA toolkit, as packages bring it: nvidia-cuda-nvcc-cu12, nvidia-cuda-nvdisasm."""
    found = pathfinder.find_nvidia_binary_utility(name)
    beside = pathfinder.find_nvidia_binary_utility("nvcc") if found is None else None
    program = found or (beside and str(Path(beside).with_name(name)))
    if program is None or not Path(program).exists():
        raise FileNotFoundError(f"{name}: pip install 'numba-cuda[cu12]' nvidia-cuda-nvdisasm")
    return program


def name_of(architecture):
    return f"sm_{architecture[0]}{architecture[1]}"


def assembled(ptx, architecture):
    """By ptxas, from PTX."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "kernel.ptx"), Path(folder, "kernel.cubin")
        source.write_text(ptx)
        command = [tool("ptxas"), "-v", f"-arch={name_of(architecture)}", source, "-o", target]
        ran = subprocess.run(command, capture_output=True, text=True)
        if ran.returncode:
            raise RuntimeError(ran.stderr)
        return _read(target.read_bytes(), ran.stderr)


def linked(library, architecture):
    """By nvJitLink, from what NVVM keeps for optimisation at link time: the way that launches take."""
    code = library.get_ltoir(cc=architecture)
    handle = nvjitlink.create(3, [f"-arch={name_of(architecture)}", "-lto", "-verbose"])
    try:
        nvjitlink.add_data(handle, nvjitlink.InputType.LTOIR, code, len(code), "kernel")
        nvjitlink.complete(handle)
        cubin, log = bytearray(nvjitlink.get_linked_cubin_size(handle)), bytearray(nvjitlink.get_info_log_size(handle))
        nvjitlink.get_linked_cubin(handle, cubin)
        nvjitlink.get_info_log(handle, log)
    finally:
        nvjitlink.destroy(handle)
    return _read(bytes(cubin), log.decode())


def _read(cubin, log):
    def number(words):
        return int((re.search(words, log) or (0, 0))[1])

    spilled = number(r"(\d+) bytes spill stores") + number(r"(\d+) bytes spill loads")
    return MachineCode(cubin, number(r"Used (\d+) registers"), spilled, number(r"(\d+) bytes smem"))


def instructions(cubin):
    """The text of machine code."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kernel.cubin")
        path.write_bytes(cubin)
        return subprocess.run([tool("nvdisasm"), "-c", path], capture_output=True, text=True, check=True).stdout


def innermost_loop(cubin):
    lines = instructions(cubin).splitlines()
    labels = {match[1]: number for number, line in enumerate(lines) if (match := re.match(r"\s*(\.L_x_\w+):", line))}
    best = Loop(collections.Counter())
    for number, line in enumerate(lines):
        jump = re.search(r"BRA.*?`\((\.L_x_\w+)\)", line)
        if jump and labels.get(jump[1], number) < number:
            names = INSTRUCTION.findall("\n".join(lines[labels[jump[1]] : number + 1]))
            loop = Loop(collections.Counter(name if name.startswith("LDS.128") else name.split(".")[0] for name in names))
            if (loop.products, -sum(loop.counts.values())) > (best.products, -sum(best.counts.values())):
                best = loop
    return best


class Recorded(Executed):
    """Launches that are not run: the last kernel, and the types of its arguments."""

    def launch(self, kernel, grid, *arguments, threads=0):
        self.kernel, self.types = kernel, tuple(map(kind_of, arguments))


def tiles():
    """Name, kernel and types of arguments of every tile; the first of each kind is the large one."""
    case, launches = CASES[0], Recorded()
    x, weight, _, dy, _ = case.arrays()
    x, dy = (put(images_innermost(each, case.row)) for each in (x, dy))
    for sizes, _ in choice.GATHER:
        append_gather(launches, case.problem(FORWARD), case.row, (dy, x, put(weight.ravel()), None), False, choice.Choice(sizes, 1))
        yield f"gather {sizes.filters}x{sizes.columns}", launches.kernel, launches.types
    for sizes, _ in choice.REDUCE:
        append_reduce(launches, case.problem(BACKWARD_WEIGHT), case.images, case.row, put(weight.ravel()), dy, x, choice.Choice(sizes, 1))
        yield f"reduce {sizes.filters}x{sizes.columns}", launches.kernel, launches.types


def main():
    print(
        f"{'':16}{'':8}{'registers':>10}{'spilled':>8}{'shared':>8}{'loop':>6}{'FFMA':>6}{'LDS.128':>8}{'spills':>7}{'share':>8}{'linked':>8}"
    )
    for name, kernel, types in tiles():
        for architecture in ARCHITECTURES:
            code, other = assembled(kernel.ptx(types, architecture), architecture), linked(kernel.library(types), architecture)
            loop, by_linker = innermost_loop(code.cubin), innermost_loop(other.cubin)
            print(
                f"{name:16}{name_of(architecture):8}{code.registers:10}{code.spilled:8}{code.shared:8}{sum(loop.counts.values()):6}"
                f"{loop.products:6}{loop.counts['LDS.128']:8}{loop.spills:7}{loop.share:8.1%}{by_linker.share:8.1%}"
                f"  linked: {other.registers} registers, {by_linker.spills} spills"
            )


if __name__ == "__main__":
    main()
