"""The page as one text: scripts, styles, modules, networks and data, under a policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

import minicnn
from minicnn.kernels import image_kernels
from minicnn.page.assets import packed, to_text
from minicnn.page.bundle import bundle
from minicnn.page.loops import SLIDE, definitions, described, stepping_script
from minicnn.page.modules import path

BOX_LOOPS = ("decode_boxes_forward", "non_maximum_suppression_forward")
VARIANT_LOOPS = ("variant_forward", "variant_backward_input", "variant_backward_weight")
STYLE = Path(__file__).parent / "style"
START = """
const assets = JSON.parse(document.getElementById("assets").textContent);
$memory.unpacked(STEPS).then(loops => {
const element = document.createElement("script");
element.textContent = new TextDecoder().decode(loops);
document.head.append(element);
return $main.start(assets, WORKER, STEPPING);
}).then(page => { window.minicnn = page; }, error => {
document.getElementById("status").textContent = `this browser cannot run the page: ${error.message}`;
console.error(error);
});
"""


def page(title: str, tasks: Mapping[str, dict[str, Any]], variant: dict[str, Any] | None = None) -> str:
    """The page's text.

    tasks : what can be trained, the first of them looked into: "kind" ("images" or "points"), "title", "network" and "data" as in `assets`,
        "share" of a picture's side that a drawing's ink fills, "own" loops of the user
    variant : a convolution of the user's own, as `variant_assets` makes it
    """
    own = VARIANT_LOOPS if variant else ()
    found = BOX_LOOPS if any(task["network"]["boxes"] for task in tasks.values()) else ()
    written = {name: loop for task in tasks.values() for name, loop in task["own"].items()}
    called = (call[1] for task in tasks.values() for call in _calls(task))
    loops = definitions(name for name in dict.fromkeys([*SLIDE, *own, *found, *called]) if name not in written) | written
    assets = {
        "title": title,
        "textbook": packed(path("textbook").read_bytes()),
        "engine": packed(path("engine").read_bytes()),
        "loops": packed(json.dumps(described(loops), separators=(",", ":")).encode()),
        "kernels": {name: kernel.tolist() for name, kernel in image_kernels.items()},
        "tasks": {name: {key: value for key, value in task.items() if key != "own"} for name, task in tasks.items()},
        "variant": variant,
    }
    steps = f'"use strict";\n{stepping_script(loops)}'  # a ninth of its size when it is deflated: it comes as data, which the policy knows by its hash
    given = {"STEPS": steps, "WORKER": bundle("worker")}
    constants = [f"const {name} = {json.dumps(packed(text.encode()))};" for name, text in given.items()]
    script = "\n".join(['"use strict";', *constants, bundle("main"), START]).replace("</", "<\\/")
    style = (STYLE / "page.css").read_text(encoding="utf-8")
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {_hash(script)} {_hash(steps)} 'wasm-unsafe-eval'",
            f"style-src {_hash(style)}",
            "img-src data: blob:",
            "worker-src blob:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    text = (STYLE / "page.html").read_text(encoding="utf-8")
    parts = {
        "policy": policy,
        "version": html.escape(minicnn.__version__),
        "title": html.escape(title),
        "style": style,
        "script": script,
        "assets": to_text(assets),
    }
    return Template(text).substitute(parts)


def _calls(task: dict[str, Any]) -> list[Any]:
    walk = task["network"]["walk"]
    return [*walk["calls"], *walk["backward"]]


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
