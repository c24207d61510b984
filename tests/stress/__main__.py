"""The stress command: see the package."""

from __future__ import annotations

import argparse
import signal
import sys

from .campaign import Campaign
from .campaigns import CAMPAIGNS, named
from .driver import Stress
from .process import run_here
from .report import format_found, format_json, format_progress, format_table

INTERRUPTED = 130


def parsed() -> argparse.Namespace:
    names = "\n".join(f"  {each.name:16} {each.purpose}; {each.processes} processes" for each in CAMPAIGNS)
    parser = argparse.ArgumentParser(
        "python -m tests.stress",
        description="Look for crashes, hangs, wrong numbers and tracebacks.",
        epilog=f"campaigns and the size of a full run:\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    extent = parser.add_mutually_exclusive_group(required=True)
    extent.add_argument("--full", action="store_true", help="everything: about 45 minutes on two cores")
    extent.add_argument("--minutes", type=float, metavar="N", help="a sample of so many minutes, spread over the campaigns")
    extent.add_argument("--here", action="store_true", help="one process of one campaign, in this one: to look at a fault")
    parser.add_argument("--only", metavar="NAME", action="append", default=[], help="this campaign or family; may be given several times")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the first process of each campaign")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    return parser.parse_args()


def chosen(names: list[str]) -> list[Campaign]:
    found = {name: named(name) for name in names}
    for name, campaigns in found.items():
        if not campaigns:
            sys.exit(f"there is no campaign {name}\n  there are {', '.join(each.name for each in CAMPAIGNS)}")
    return [campaign for campaigns in found.values() for campaign in campaigns] or list(CAMPAIGNS)


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def main() -> int:
    """0 where nothing was found, 1 where something was, 130 where Ctrl-C came before anything was found."""
    options = parsed()
    campaigns = chosen(options.only)
    if options.here:
        run_here(campaigns[0], options.seed)
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the same end, with the same table
    stress = Stress(campaigns, options.seed, options.minutes, lambda found: say(format_found(found)), lambda: say(format_progress(stress)))
    status = 0
    try:
        stress.run()
    except KeyboardInterrupt:
        say("interrupted: the counts so far")
        status = INTERRUPTED
    print(format_json(stress) if options.format == "json" else format_table(stress))
    return 1 if stress.found else status


if __name__ == "__main__":
    sys.exit(main())
