"""For mkdocstrings: an example in a docstring, from `>>>` to the next empty line, is a block of code; Conv2D is described as a form of Conv."""

import re
import textwrap

import griffe


class Examples(griffe.Extension):
    """Fences the examples of every docstring."""

    def on_class(self, *, cls, **kwargs):
        axes = re.search("([123])D$", cls.name)
        if axes and not cls.docstring:
            cls.docstring = griffe.Docstring(f"`{cls.name[:-2]}` over {axes[1]} axes; its settings are described there.", parent=cls)

    def on_object(self, *, obj, **kwargs):
        if obj.docstring:
            obj.docstring.value = listed(fenced(obj.docstring.value))


SETTING = re.compile(r"^(\w+(?:, \w+)*) : ")  # of a list without a heading


def fenced(text):
    """The same text with its examples between fences."""
    lines, within = [], False
    for line in textwrap.dedent(text).splitlines():
        starts, ends = line.lstrip().startswith(">>> ") and not within, within and not line.strip()
        if starts or ends:
            within = starts
            lines += ["", "```pycon"] if starts else ["```"]
        lines.append(line.strip() if within else line)
    return "\n".join([*lines, "```"] if within else lines)


def listed(text):
    """The same text; before its first section, lines of settings are a list."""
    head, line, rest = text.partition("\n---")
    lines: list[str] = []
    for each in head.splitlines():
        if SETTING.match(each):
            if lines and lines[-1].strip() and not lines[-1].startswith(("- ", "  ")):
                lines.append("")
            each = SETTING.sub(r"- `\1`: ", each)
        lines.append(each)
    return "\n".join(lines) + line + rest
