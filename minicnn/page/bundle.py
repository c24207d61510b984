"""The scripts of the page as one: each module a function that returns what it exports, behind those that it imports."""

from __future__ import annotations

import re
from pathlib import Path

SCRIPTS = Path(__file__).parent / "script"
IMPORT = re.compile(r'^import (?:\* as (?P<whole>\w+)|(?P<names>\{[^}]*\})) from "\./(?P<module>\w+)\.js";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:const|let|function\*?|class) (\w+))", re.MULTILINE)
COMMENT = re.compile(r"/\*\*.*?\*/ ?", re.DOTALL)


def bundle(entry: str) -> str:
    """The script of a module with everything that it needs; what it exports is in `$ENTRY` then."""
    return "\n".join(_scope(name) for name in needed(entry))


def needed(entry: str) -> list[str]:
    """A module and those that it imports, each behind what it needs itself."""
    found: list[str] = []

    def visit(name: str) -> None:
        for each in IMPORT.finditer(source(name)):
            visit(each["module"])
        if name not in found:
            found.append(name)

    visit(entry)
    return found


def source(name: str) -> str:
    return (SCRIPTS / f"{name}.js").read_text(encoding="utf-8")


def _scope(name: str) -> str:
    """A module as a function that is called once, without comments about types."""
    text = source(name)
    exported = ", ".join(EXPORT.findall(text))
    text = IMPORT.sub(lambda each: f"const {each['whole'] or each['names']} = ${each['module']};\n", text)
    text = COMMENT.sub("", EXPORT.sub("", text))
    lines = (line.strip() for line in text.splitlines())
    body = "\n".join(line for line in lines if line and not line.startswith("//"))
    return f"const ${name} = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();"
