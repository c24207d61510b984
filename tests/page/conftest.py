"""Pages that tests share, opened in the browser."""

import pytest

from minicnn.cli.main import run


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """The page of lenet, as the command writes it."""
    path = tmp_path_factory.mktemp("page") / "lenet.html"
    assert run(["play", "lenet", "--no-open", "--out", str(path)]) == 0
    return path


class Watched:
    """A page with everything that it asked for and complained about."""

    def __init__(self, page):
        self.page = page
        self.requests, self.complaints = [], []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: message.type in ("error", "warning") and self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))


@pytest.fixture
def opened(browser, written):
    """The page, ready; nothing but itself may have been loaded, and nothing may have gone wrong."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    watched = Watched(context.new_page())
    watched.page.goto(written.as_uri())
    watched.page.wait_for_selector('html[data-ready="1"]', timeout=20_000)
    yield watched
    assert not watched.complaints
    assert [url for url in watched.requests if not url.startswith(("blob:", "data:"))] == [written.as_uri()]
    context.close()
