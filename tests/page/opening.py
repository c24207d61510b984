"""How soon the page of lenet is there, and how free it stays while a network is trained in it, in Chromium.

    python -m tests.page.opening [--page FILE] [--turns 5]

First paint and ready count from the beginning of the navigation; medians over turns, each in a browser of its own.  A long task keeps the
page from its user for 50 ms or more.
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from minicnn.cli.main import run

OPENED = """
() => ({
  paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN,
  ready: performance.getEntriesByName("ready")[0].startTime,
})
"""
TRAINED = """
async seconds => {
  let frames = 0, on = true;
  const long = [], count = () => { frames++; if (on) requestAnimationFrame(count); };
  new PerformanceObserver(list => long.push(...list.getEntries().map(each => each.duration))).observe({entryTypes: ["longtask"]});
  document.getElementById("tab-train").click();
  document.querySelector("#room-train button.main").click();
  requestAnimationFrame(count);
  await new Promise(resolve => setTimeout(resolve, 1000 * seconds));
  on = false;
  const [trainer] = window.minicnn.rooms.train.trainers;
  trainer.pause();
  return {frames, long: long.length, longest: Math.max(0, ...long), steps: trainer.steps, speed: trainer.speed};
}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", type=Path, help="a page that is there; else lenet's is written")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as player:
        path = given.page or Path(folder) / "lenet.html"
        if given.page is None and run(["play", "lenet", "--no-open", "--out", str(path)]):
            sys.exit(1)
        times = []
        for _ in range(given.turns):
            browser = player.chromium.launch(executable_path=shutil.which("chromium"))
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            page.goto(path.absolute().as_uri())
            page.wait_for_selector('html[data-ready="1"]')
            times.append(page.evaluate(OPENED))
            if len(times) == given.turns:
                trained = page.evaluate(TRAINED, given.seconds)
            browser.close()
    for name, limit in (("paint", 300), ("ready", 1000)):
        each = [time[name] for time in times]
        print(f"{name:6} {statistics.median(each):5.0f} ms, from {min(each):.0f} to {max(each):.0f}; wanted below {limit}")
    print(f"while training {given.seconds:g} s: {json.dumps(trained)}")


if __name__ == "__main__":
    main()
