"""The page's scripts, as text; their types are checked by tsc, see `.ci/run types`."""

import re

from minicnn.page.build.own import LIBRARY
from minicnn.page.bundle import SCRIPTS, needed, source


def test_all_of_them_together_are_read_in_an_evening():
    assert 1000 < sum(len(each.read_text(encoding="utf-8").splitlines()) for each in SCRIPTS.glob("*.js")) <= 3000


def test_each_asks_for_its_types_to_be_checked_and_is_in_the_page():
    scripts = {each.stem: each.read_text(encoding="utf-8") for each in SCRIPTS.glob("*.js")}
    assert [name for name, text in scripts.items() if not text.startswith("// @ts-check\n/**")] == []
    assert set(scripts) == {*needed("main"), *needed("worker")}


def test_what_loops_may_ask_for_is_what_scripts_have():
    given = source("memory").partition("export const LIBRARY = {")[2].partition("};")[0]
    assert set(re.findall(r"(\w+): (?:Math|x|\(x)", given)) == set(LIBRARY)
