"""`minicnn bench`: time and memory on this machine, alone or against other libraries."""

from __future__ import annotations

from dataclasses import asdict, replace

import click

from minicnn import bench as measuring
from minicnn.cli.echo import json_text
from minicnn.cli.mistakes import Choice
from minicnn.cli.options import device_option, format_option
from minicnn.errors import MinicnnError, SettingError, suggestion

DEFAULT_SUITES = ("train", "infer")


class Words(click.ParamType):
    """Several words separated by commas: of some choices, or checked where they are used."""

    name = "LIST"

    def __init__(self, choices: tuple[str, ...] = ()) -> None:
        self._choice = Choice(choices) if choices else None

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        words = tuple(word for word in (each.strip() for each in str(value).split(",")) if word)
        return words if self._choice is None else tuple(self._choice.convert(word, param, ctx) for word in words)


class Batches(click.ParamType):
    """Images at once: 16, or several: 1-17,32."""

    name = "N"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        found: list[int] = []
        for word in str(value).split(","):
            first, _, last = word.strip().partition("-")
            if not all(each.isascii() and each.isdigit() and len(each) < 8 for each in (first, last or first)):
                self.fail(f"{value!r} is not a number of images, nor several as in 1-17,32", param, ctx)
            numbers = range(int(first), int(last or first) + 1)
            if not numbers or numbers[0] < 1:
                self.fail(f"{word.strip()!r} counts no images: from 1 on, and upwards, as in 1-17", param, ctx)
            found += numbers
        return tuple(found)


@click.command()
@click.argument("suites", nargs=-1, type=Choice(measuring.SUITES), metavar="[SUITE]...")
@click.option(
    "--against",
    type=Words(measuring.PEERS),
    multiple=True,
    metavar="LIST",
    help=f"Run the same with other libraries and compare: {', '.join(measuring.PEERS)}.  The last two run networks forward only;"
    " torch-tf32 is for a GPU.",
)
@device_option
@click.option("--threads", type=click.IntRange(min=1), metavar="N", show_default="all", help="Processors to use, for both sides.")
@click.option(
    "--seconds", type=click.FloatRange(min=0, min_open=True), metavar="X", show_default="2", help="Time per row; long calls take more."
)
@click.option("--layers", default="*", metavar="PATTERN", help="Measure only rows with these names, as in 'alexnet-*'.")
@click.option("--batch", "batches", type=Batches(), multiple=True, metavar="N", help="Images per batch, or several as in 1-17,32.")
@click.option("--passes", type=Words(), default=",".join(measuring.PASSES), show_default=True, help="Passes that 'kernels' times.")
@click.option("--curve", is_flag=True, help="Time an image over the batch, and mark where one image more makes all of them slower.")
@click.option("--quick", is_flag=True, help="A short trial, to see that it works.")
@click.option("--explain", is_flag=True, help="Time nothing: show which algorithm each convolution uses, and why.")
@format_option
def bench(
    suites: tuple[str, ...],
    against: tuple[tuple[str, ...], ...],
    device: str,
    threads: int | None,
    seconds: float | None,
    layers: str,
    batches: tuple[tuple[int, ...], ...],
    passes: tuple[str, ...],
    curve: bool,
    quick: bool,
    explain: bool,
    form: str,
) -> None:
    """Measure time and memory on this machine, alone or against other libraries.

    \b
    train    an update and an epoch of LeNet and ResNet-20
    infer    images in, logits out: LeNet, AlexNet, VGG, ResNets
    kernels  layers one by one, forward and backward; takes half an hour
    ladder   one layer, from the textbook loop to the engine in steps
    memory   the peak memory of training LeNet, and of VGG-16 and ResNet-18
    starts   whole commands, with and without compiling

    Without a SUITE: train and infer.  Ctrl-C shows the results so far.  --layers takes the name of any network for these two.

    train, infer, kernels and ladder compare results before they time anything: a row that differs is reported as wrong, and the exit
    status is 1.  memory and starts run in separate processes, on the CPU only.
    """
    from minicnn.engine import checked_device

    device = checked_device(device)
    many = threads or measuring.processors()
    protocol = measuring.QUICK if quick else measuring.Protocol()
    if seconds is not None:
        protocol = replace(protocol, seconds=seconds)
    peers = tuple(dict.fromkeys(name for names in against for name in names))
    counts = tuple(dict.fromkeys(count for each in batches for count in each)) or None
    options = measuring.Options(many, peers, protocol, layers, counts, passes, quick, device, curve)
    if explain:
        _explain(options, form)
        return
    suites = suites or tuple(each for each in DEFAULT_SUITES if measuring.serves(each, options))
    known = [name for suite in suites for name in measuring.names(suite, options)]
    if not any(map(options.wants, known)):
        raise SettingError(
            f"bench: no row is called {layers!r}{suggestion(layers, known)}\n  choose from {', '.join(dict.fromkeys(known))}"
        )
    found: list[measuring.Record] = []
    with measuring.pinned(many):
        machine, finished = _measured(suites, options, found)
    wrong = [row for row in found if isinstance(row, measuring.Row) and row.wrong]
    if form == "json":
        click.echo(
            json_text(
                {
                    "machine": asdict(machine),
                    "records": [
                        measuring.row_record(each, machine) if isinstance(each, measuring.Row) else each.to_dict() for each in found
                    ],
                    "means": [mean.to_dict() for mean in measuring.means([each for each in found if isinstance(each, measuring.Row)])],
                },
                indent=1,
            )
        )
    else:
        from minicnn.cli.render.bench import print_bench
        from minicnn.cli.render.console import stdout_console

        print_bench(stdout_console(), machine, found)
    if not finished:
        raise KeyboardInterrupt
    if wrong:
        listed = "\n".join(
            f"  {row.name} {row.work}, batch {row.batch}: error {row.agreement.error:.1e}, at most {row.agreement.tolerance:.1e}"
            for row in wrong
            if row.agreement
        )
        raise MinicnnError(f"bench: {len(wrong)} of {len(found)} rows have a result that differs from the peer's\n{listed}")


def _explain(options: measuring.Options, form: str) -> None:
    """The choice of algorithm for every selected convolution."""
    if options.device != "cpu":
        raise SettingError("bench: --explain shows the ways of the CPU, and a GPU has one\n  leave out --device")
    from minicnn.bench.explain import explanations
    from minicnn.cli.render.console import stderr_console
    from minicnn.cli.render.waiting import Waiting

    found = []
    with Waiting(stderr_console(), "choosing algorithms") as waiting:
        for each in explanations(options):
            found.append(each)
            waiting.show(each.name)
    if not found:
        raise SettingError(
            f"bench: no convolution is called {options.layers!r}\n  choose from those of the kernels suite, and layers of"
            f" networks such as 'resnet20:*'"
        )
    if form == "json":
        click.echo(json_text([each.to_dict() for each in found], indent=1))
        return
    from minicnn.cli.render.console import stdout_console
    from minicnn.cli.render.explain import print_explanations

    print_explanations(stdout_console(), found)


def _measured(suites: tuple[str, ...], options: measuring.Options, found: list[measuring.Record]) -> tuple[measuring.Machine, bool]:
    """Put the rows of the suites into `found`, with progress on stderr; returns the machine, and False after Ctrl-C.

    The machine is measured before and after, and its better figures count.
    """
    from minicnn.cli.render.bench import Progress
    from minicnn.cli.render.console import stderr_console

    with Progress(stderr_console()) as progress:
        machine = measuring.measured(options)
        try:
            for suite in suites:
                for row in measuring.run(suite, options):
                    found.append(row)
                    progress.show(row)
            return measuring.better(machine, measuring.measured(options, whole=False)), True
        except KeyboardInterrupt:
            return machine, False
