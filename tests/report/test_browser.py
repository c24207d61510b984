"""The page in a browser: light and dark, on a phone, on a screen and on paper."""

import pytest

from minicnn.datasets import load
from minicnn.report import gather, page
from minicnn.train import RunFolder

PHONE, SCREEN = 360, 1100


@pytest.fixture(scope="module")
def lenet_file(lenet_run, tmp_path_factory):
    path = tmp_path_factory.mktemp("browser") / "report.html"
    path.write_text(page(gather(RunFolder.open(lenet_run), load("digits", "test"))), encoding="utf-8")
    return path


class Shown:
    """A page that is open, with what it asked for and complained about."""

    def __init__(self, browser, path, width, theme, media="screen"):
        self.page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=theme)
        self.page.emulate_media(media=media, color_scheme=theme)
        self.requests, self.complaints = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(path.as_uri())

    def colour(self, selector, name):
        found = self.page.evaluate(f"getComputedStyle(document.querySelector({selector!r})).{name}")
        return [int(part) for part in found[found.index("(") + 1 : -1].split(",")[:3]]


@pytest.mark.parametrize("width", [PHONE, SCREEN])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_is_shown_without_requests_complaints_or_overflow(browser, lenet_file, tmp_path, width, theme):
    shown = Shown(browser, lenet_file, width, theme)
    assert [url for url in shown.requests if not url.startswith("data:")] == [lenet_file.as_uri()]
    assert shown.complaints == []
    assert shown.page.evaluate("document.documentElement.scrollWidth") == width
    assert shown.page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    outside = "[...document.querySelectorAll('svg text')].filter(e => {const r = e.getBoundingClientRect(),"
    outside += " s = e.ownerSVGElement.getBoundingClientRect(); return r.left < s.left - 1 || r.right > s.right + 1})"
    assert shown.page.evaluate(f"{outside}.map(e => e.textContent)") == []
    shown.page.screenshot(path=tmp_path / f"report-{theme}-{width}.png", full_page=True)
    shown.page.close()


def test_light_and_dark_are_what_the_reader_has(browser, lenet_file):
    light, dark = (Shown(browser, lenet_file, SCREEN, theme) for theme in ("light", "dark"))
    for selector, name in (("body", "backgroundColor"), (".mc-back", "fill")):
        assert min(light.colour(selector, name)) > 240
        assert max(dark.colour(selector, name)) < 60
    for selector, name in (("body", "color"), ("h1", "color"), ("td", "color"), (".mc-text", "fill")):
        assert max(light.colour(selector, name)) < 120
        assert min(dark.colour(selector, name)) > 140
    for each in (light, dark):
        each.page.close()


def test_paper_is_light_whatever_the_screen_is(browser, lenet_file, tmp_path):
    printed = Shown(browser, lenet_file, 700, "dark", "print")
    assert printed.colour("body", "backgroundColor") == [255, 255, 255]
    assert printed.colour(".mc-back", "fill") == [255, 255, 255]
    assert max(printed.colour("h1", "color")) < 120
    assert not printed.page.is_visible("nav")
    printed.page.pdf(path=tmp_path / "report.pdf", format="A4")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    printed.page.close()


def test_hostile_names_stay_text(browser, made_run, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(page(gather(RunFolder.open(made_run[0].path), made_run[1]), ["minicnn train <script>"]), encoding="utf-8")
    shown = Shown(browser, path, PHONE, "light")
    assert shown.complaints == []
    assert [url for url in shown.requests if not url.startswith("data:")] == [path.as_uri()]
    assert shown.page.evaluate("window.hurt") is None
    assert shown.page.evaluate("document.scripts.length") == 0
    assert shown.page.evaluate("document.documentElement.scrollWidth") == PHONE
    assert "<img src=x" in shown.page.inner_text("h1")
    shown.page.close()
