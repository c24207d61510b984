"""For mkdocs: a source file that a page links to becomes a page of the site, so that links lead somewhere without a network too."""

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\]\(((?:\.\./)+)((?:minicnn|tests|cli|datasets)/[^)#]+\.(?:py|js))\)")


def on_files(files, config):
    """A page for each source file that a page of the documentation names."""
    named = {path for file in files.documentation_pages() for _, path in LINK.findall(Path(file.abs_src_path).read_text(encoding="utf-8"))}
    for path in sorted(named):
        language = {".py": "python", ".js": "javascript"}[posixpath.splitext(path)[1]]
        text = f"# {path}\n\n``````{language}\n{(ROOT / path).read_text(encoding='utf-8')}\n``````\n"
        page = File.generated(config, f"source/{path}.md", content=text)
        page.inclusion = page.inclusion.NOT_IN_NAV
        files.append(page)
    return files


def on_page_markdown(markdown, page, config, files):
    """Links lead to those pages."""
    up = "../" * page.file.src_uri.count("/")
    return LINK.sub(lambda found: f"]({up}source/{found[2]}.md)", markdown)
