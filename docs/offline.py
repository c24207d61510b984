"""For mkdocs: a site that needs no network.

A source file that a page links to becomes a page of the site; the search from disk is assets/worker.js, not a script of a server.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]
SHIM = re.compile(r'<script src="https://unpkg.com/iframe-worker/shim"></script>')
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


def on_post_page(output, page, config):
    """The search's helper is ours."""
    up = "../" * page.file.dest_uri.count("/")
    return SHIM.sub(f'<script src="{up}assets/worker.js"></script>', output)


def on_post_template(output_content, template_name, config):
    """Of the page for what is not found, too, which may be shown at any depth."""
    return SHIM.sub("", output_content)
