"""The page of lenet in Firefox: every number of a grid of settings is explained, a network is trained, every control of every room is used.

apt-get install firefox-esr && npm install puppeteer-core
python -m tests.page.firefox [--page FILE] [FOLDER OF node_modules]
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from minicnn.cli.main import run
from tests.page.test_browser import EVERY_CONTROL, EXPLAIN_ALL


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="?", default=".", help="the folder that has node_modules")
    parser.add_argument("--page", type=Path, help="a page that is there; else lenet's is written")
    given = parser.parse_args()
    firefox = shutil.which("firefox-esr") or shutil.which("firefox")
    if firefox is None:
        sys.exit("there is no Firefox here: apt-get install firefox-esr")
    with tempfile.TemporaryDirectory() as folder:
        page = given.page or Path(folder) / "lenet.html"
        if given.page is None and run(["play", "lenet", "--no-open", "--out", str(page)]):
            sys.exit(1)
        script = Path(__file__).with_suffix(".mjs")
        done = subprocess.run(
            ["node", script, page, firefox, EXPLAIN_ALL, EVERY_CONTROL], cwd=given.modules, capture_output=True, text=True, check=False
        )
    if done.returncode:
        sys.exit(done.stderr)
    told = json.loads(done.stdout)
    outside = [url for url in told["requests"] if not url.startswith(("file:", "blob:", "data:"))]
    for name, value in told.items():
        print(f"{name}: {value}")
    failures = [
        told["problems"],
        told["complaints"],
        told["errors"],
        told["missed"],
        outside,
        [] if told["explained"] > 500 and told["trained"]["tests"][-1] > 0.7 and told["used"] > 150 else ["too little"],
    ]
    sys.exit("failed" if any(failures) else 0)


if __name__ == "__main__":
    main()
