"""For mkdocstrings: docstrings as they are written here become sections, lists and blocks of code.

An example runs from `>>>` to the next empty line.  Settings without a heading are a list; a source below a section belongs to the text above it.
Conv2D is described as a form of Conv.
"""

import re
import textwrap

import griffe

EXAMPLE = re.compile(r"^ *>>> .*(?:\n(?! *$).*)*", re.MULTILINE)
SECTION = re.compile(r"^\w[\w ]*\n-{3,}$", re.MULTILINE)
SOURCE = re.compile(r"^[A-Z].*\b(?:19|20)\d\d\b.*$", re.MULTILINE)
SETTING = re.compile(r"^(\w+(?:, \w+)*) : ", re.MULTILINE)


class Examples(griffe.Extension):
    """Rewrites every docstring."""

    def on_class(self, *, cls, **kwargs):
        axes = re.search("([123])D$", cls.name)
        if axes and not cls.docstring:
            cls.docstring = griffe.Docstring(f"`{cls.name[:-2]}` over {axes[1]} axes; its settings are described there.", parent=cls)

    def on_object(self, *, obj, **kwargs):
        if obj.docstring:
            obj.docstring.value = rewritten(obj.docstring.value)


def rewritten(text):
    """A docstring in numpydoc's form: a text, then sections, with Examples as the last."""
    text = textwrap.dedent(text)
    found = SECTION.search(text)
    head, rest = (text[: found.start()], text[found.start() :]) if found else (text, "")
    examples = [textwrap.dedent(each) for part in (head, rest) for each in EXAMPLE.findall(part)]
    head, rest = EXAMPLE.sub("", head), EXAMPLE.sub("", rest)
    sources, rest = SOURCE.findall(rest), SOURCE.sub("", rest)
    head = re.sub(
        r"((?:^\w+(?:, \w+)* : .*\n?(?:^ +\S.*\n?)*)+)", lambda block: f"\n{SETTING.sub(item, block[1])}\n", head, flags=re.MULTILINE
    )
    shown = "\n\nExamples\n--------\n" + "\n\n".join(examples) if examples else ""
    return "\n\n".join([head.rstrip(), *sources, rest.rstrip()]).rstrip() + shown


def item(setting):
    """A setting as an item of a list."""
    return f"- `{setting[1]}`: "
