"""Everybody can use the page: by keyboard alone, with a screen reader, in both themes, on a phone."""

from pathlib import Path

import pytest

ROOMS = ("slide", "train", "look", "lectures")
# Elements that Tab must reach, those that it reached, and those whose focus could not be seen
WATCH_FOCUS = """
() => {
  const wanted = [...document.querySelectorAll('button, select, input, a[href], summary, [tabindex]')];
  window.wanted = wanted.filter(each => each.tabIndex >= 0 && !each.disabled && each.checkVisibility());
  window.reached = new Set();
  window.unseen = [];
  document.addEventListener('focusin', ({target}) => {
    window.reached.add(target);
    const seen = target.matches('.button input') ? target.parentElement : target, style = getComputedStyle(seen);
    if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2) window.unseen.push(seen.outerHTML.slice(0, 90));
  });
  document.activeElement?.blur();
  return window.wanted.length;
}
"""


@pytest.fixture(scope="module")
def axe():
    """The script of axe-core."""
    package = pytest.importorskip("axe_playwright_python")
    return (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(browser, written, axe, theme):
    """Names, roles, contrast, headings, focus: in every room, on a phone and on a desk."""
    # the page's policy lets no other script in, so it is lifted for this test
    context = browser.new_context(bypass_csp=True, color_scheme=theme)
    page = context.new_page()
    page.goto(written.as_uri())
    page.wait_for_selector('html[data-ready="1"]', timeout=20_000)
    page.add_script_tag(content=axe)
    for width in (360, 1400):
        page.set_viewport_size({"width": width, "height": 900})
        for room in ROOMS:
            page.click(f"#tab-{room}")
            found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
            assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == [], (room, width)
            assert len(found["passes"]) > 10
    context.close()


@pytest.mark.parametrize("room", ROOMS)
def test_tab_reaches_every_control_and_focus_is_seen(opened, room):
    page = opened.page
    page.click(f"#tab-{room}")
    count = page.evaluate(WATCH_FOCUS)
    for _ in range(count + 3):
        page.keyboard.press("Tab")
    missed = page.evaluate("() => window.wanted.filter(each => !window.reached.has(each)).map(each => each.outerHTML.slice(0, 90))")
    assert count > 6
    assert missed == []
    assert page.evaluate("() => window.unseen") == []


def test_the_path_of_a_student_by_keyboard_alone(opened):
    """Move over the output, go to the next rooms, train a batch, draw, and choose a map."""
    page = opened.page
    page.focus("#room-slide svg[role=application]")
    before = page.inner_text("#room-slide .title")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#room-slide .title") == before.replace("4, 5", "4, 6") != before
    assert "row 4, column 6" in page.inner_text("#says")
    page.focus("#tab-slide")
    page.keyboard.press("ArrowRight")
    assert page.is_visible("#room-train")
    page.focus('#room-train >> text="one batch"')
    page.keyboard.press("Enter")
    page.wait_for_selector("text=batch 1;")
    page.focus("#tab-train")
    page.keyboard.press("ArrowRight")
    page.focus("#room-look >> text=clear")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=nothing drawn")
    page.focus("#room-look .controls svg")
    for key in ("End", "ArrowUp", "Space"):
        page.keyboard.press(key)
    assert page.evaluate("() => window.minicnn.rooms.look.ink.filter(each => each > 0.9).length") > 2
    page.focus('[aria-label="conv2, map 3"]')
    page.keyboard.press("Enter")
    assert page.get_attribute('[aria-label="conv2, map 3"]', "aria-pressed") == "true"


def test_pictures_follow_the_theme(opened):
    """Those of canvases too, which know of no style."""
    page = opened.page
    page.emulate_media(color_scheme="light")
    page.click("#tab-look")
    corner = "() => [...document.querySelector('#room-look .map canvas').getContext('2d').getImageData(0, 0, 28, 28).data].reduce((a, b) => a + b)"
    light = page.evaluate(corner)
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(300)
    assert page.evaluate(corner) < 0.7 * light
