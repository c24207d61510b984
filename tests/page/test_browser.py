"""The page in a browser: every room is used, every number that is explained is the number that the compiled loop wrote."""

import json
from pathlib import Path

import numpy as np
import pytest

from minicnn import datasets, kernels, zoo
from minicnn.cli.main import run
from minicnn.page.tasks import image_task
from minicnn.page.write import page
from minicnn.train import load_trained

# Settings of the first room: those of each line are combined with every kind of the line
VARIANTS = [
    (["conv", "tiled_conv", "unshared_conv"], ["2", "1"], ["1x1", "2x3"], ["valid", "same"], ["1x1", "2x1"]),
    (["conv"], ["3"], ["1x1", "2x2"], ["full"], ["1x1"]),
    (["conv_transpose"], ["2", "1"], ["1x1", "2x2"], ["valid"], ["1x1", "2x2"]),
    (["max_pool"], ["2", "1"], ["1x1", "2x2"], ["valid"], ["1x1", "2x2"]),
    (["avg_pool", "l2_pool", "gaussian_pool"], ["2"], ["1x1", "2x3"], ["valid"], ["1x1"]),
]
EVERY_CONTROL = Path(__file__).with_name("every_control.js").read_text(encoding="utf-8").partition("\n")[2]
# Drops a file of these bytes onto the page
DROP = """
([name, bytes]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([Uint8Array.from(bytes)], name));
  document.body.dispatchEvent(new DragEvent("drop", {dataTransfer, bubbles: true, cancelable: true}));
}
"""
# Explains every output, and says how many agreed and where the first did not
EXPLAIN_ALL = """
settings => {
  const room = window.minicnn.rooms.slide;
  room.recall(settings);
  if (room.message.textContent) return {problem: room.message.textContent};
  let same = 0, wrong = null;
  for (let row = 0; row < room.result.plane.rows; row++) for (let column = 0; column < room.result.plane.columns; column++) {
    room.result.choose(row, column);
    if (room.explanation.verdict.classList.contains("right")) same++;
    else wrong ??= room.explanation.verdict.textContent;
  }
  return {same, wrong};
}
"""


def test_every_explained_number_is_the_compiled_loops(opened):
    """Over kinds, directions, axes, strides, padding, dilation, channels and groups."""
    explained, problems = 0, []
    for kinds, axes, strides, paddings, dilations in VARIANTS:
        cases = [(k, a, s, p, d) for k in kinds for a in axes for s in strides for p in paddings for d in dilations]
        for n, (kind, axis, stride, padding, dilation) in enumerate(cases):
            pool = kind.endswith("pool")
            directions = ["forward", "backward_input", *([] if pool else ["backward_weight"])]
            settings = {
                "kind": kind,
                "axes": axis,
                "stride": stride,
                "padding": padding,
                "dilation": dilation,
                "pass": directions[n % len(directions)],
                "image": ["count 0, 1, 2 ...", "one pixel"][n % 2],
                "window": ["2x2", "3x2"][n % 2],
                "channels": "2",
                "filters": "2",
                "groups": str(1 + n % 2),
                "flip": str(n % 2),
                "bias": "0.3",
                "mode": ["zeros", "circular", "reflect", "replicate"][n % 4],
                "weights": " ".join(str(0.1 * i - 0.2) for i in range(4 if n % 2 == 0 else 6)),
            }
            found = opened.page.evaluate(EXPLAIN_ALL, settings)
            if "problem" in found:
                problems.append(found["problem"])
                continue
            assert found["wrong"] is None, settings
            explained += found["same"]
    assert explained > 1000
    assert len(problems) < 6, problems


def test_lecture_links_show_the_lectures_numbers(opened):
    opened.page.click("#tab-lectures")
    opened.page.click("text=nine frames")
    shown = "[...window.minicnn.rooms.slide.call.given.y.data].map(Math.round)"
    opened.page.wait_for_selector("#room-slide:not([hidden])")
    assert opened.page.evaluate(f"() => {shown}") == [12, 12, 17, 10, 17, 19, 9, 6, 14]
    for words, numbers in (
        ("19 25 37 43", [19, 25, 37, 43]),
        ("stride 3 and 2", [0, 8, 6, 8]),
        ("6 8 / 3 4", [6, 8, 3, 4]),
        ("bias 2", [7, 8, 9, 11, 12, 13, 15, 16, 17]),
        ("7 to 3", [0, 0, 0, 0, 1, 0, 0, 0, 0]),
        ("maxima of 0 to 8", [4, 5, 7, 8]),
        ("the shift by one", [5, 1, 2, 3, 4]),
    ):  # nothing stays of the link before
        opened.page.click("#tab-lectures")
        opened.page.click(f"text={words}")
        opened.page.wait_for_selector("#room-slide:not([hidden])")
        assert opened.page.evaluate(f"() => {shown}") == numbers


def test_steps_say_line_letters_and_index_map(opened):
    page = opened.page
    page.click("text=step by step")
    page.click("text=stop")
    page.evaluate("() => window.minicnn.rooms.slide.explanation.go(2)")
    assert page.inner_text(".loop .now").strip().startswith("h = input_position(p, r, stride_h, dilation_h, pad_h)")
    assert page.inner_text(".numbers") == "h = input_position(4, 0, 1, 1, 0) = 4"


def test_training_learns_and_the_command_line_takes_its_weights(opened, tmp_path):
    page = opened.page
    page.click("#tab-train")
    page.click("button.main")
    for _ in range(60):
        page.wait_for_timeout(500)
        tests = page.evaluate("() => window.minicnn.rooms.train.trainers[0].tests")
        if tests and tests[-1] > 0.95:
            break
    assert tests[-1] > 0.95
    trainer = "window.minicnn.rooms.train.trainers[0]"
    count = page.evaluate(f"() => {trainer}.tests.length")
    page.click("button.main")
    page.wait_for_function(f"() => {trainer}.tests.length > {count} && !{trainer}.measuring")  # what it is paused at is tested, too
    with page.expect_download() as saved:
        page.click('text="save the weights"')
    path = tmp_path / "lenet.safetensors"
    saved.value.save_as(path)
    trained = load_trained(path)
    test = datasets.load("digits", "test")
    answers = trained.net.predict(test.images).argmax(axis=1)
    last = page.evaluate("() => window.minicnn.rooms.train.trainers[0].tests.at(-1)")
    assert abs((answers == test.labels).mean() - last) < 1.5 / len(test.labels)  # an image that is a tie
    before = page.evaluate("() => [...window.minicnn.rooms.train.trainers[0].parameters]")
    page.set_input_files('input[accept=".safetensors"]', str(path))
    page.wait_for_selector("text=weights of lenet.safetensors")
    assert page.evaluate("() => [...window.minicnn.rooms.train.trainers[0].parameters]") == before
    page.click('text="one batch"')
    page.wait_for_function("() => window.minicnn.rooms.train.trainers[0].steps === 1")
    page.click("#tab-slide")
    page.evaluate(DROP, [path.name, list(path.read_bytes())])
    page.wait_for_function("() => window.minicnn.rooms.train.trainers[0].steps === 0")
    assert page.is_visible("#room-train")
    assert page.evaluate("() => [...window.minicnn.rooms.train.trainers[0].parameters]") == before
    (tmp_path / "broken.safetensors").write_bytes(path.read_bytes()[:1000])
    page.set_input_files('input[accept=".safetensors"]', str(tmp_path / "broken.safetensors"))
    page.wait_for_selector("text=does not hold the weights of lenet")


def test_every_control_of_the_training_room(opened):
    page = opened.page
    page.click("#tab-train")
    room = page.locator("#room-train")
    room.get_by_label("compare two settings").check()
    room.get_by_label("optimizer").nth(1).select_option("sgd")
    room.get_by_label("momentum").nth(1).fill("0.5")
    room.get_by_label("learning rate").nth(1).select_option("0.03")
    room.get_by_label("batch").nth(0).select_option("16")
    room.get_by_label("dropout").nth(0).fill("0.3")
    room.get_by_label("shift, pixels").nth(0).fill("2")
    page.click('text="one batch"')
    page.wait_for_timeout(1500)
    assert page.evaluate("() => window.minicnn.rooms.train.trainers.map(each => each.steps)") == [1, 1]
    page.click("button.main")
    page.wait_for_timeout(1500)
    page.click("button.main")
    steps = page.evaluate("() => window.minicnn.rooms.train.trainers.map(each => each.steps)")
    assert min(steps) > 5
    page.locator("#room-train input[type=range]").fill("0")
    page.click('text="start again"')
    for task in ("signals", "points"):
        room.get_by_label("task").select_option(task)
        page.evaluate("async () => { await window.minicnn.rooms.train.trainers[0].measure(); }")  # before an optimizer has taken its memory
        page.click('text="one batch"')
        page.wait_for_timeout(800)
        assert page.evaluate("() => window.minicnn.rooms.train.trainers[0].parameters.every(Number.isFinite)")
        assert page.evaluate("() => window.minicnn.rooms.train.trainers[0].steps") == 1
    page.wait_for_function("() => new Set(document.querySelector('.plane').getContext('2d').getImageData(0, 0, 320, 320).data).size > 20")
    for shape in ("spiral", "exclusive or", "two clouds", "circle"):
        room.get_by_label("points", exact=True).select_option(shape)
    room.get_by_label("noise").fill("0.3")
    room.get_by_label("x y", exact=True).check()


def test_every_control_of_every_room_does_something_without_error(opened):
    """tests.page.firefox does the same in Firefox."""
    opened.page.on("download", lambda download: download.cancel())
    told = opened.page.evaluate(EVERY_CONTROL)
    assert told["errors"] == []
    assert told["missed"] == []
    assert len(told["used"]) > 150


def test_the_page_stays_free_while_a_network_is_trained(opened):
    """A worker trains, and however often it has news, the page draws them once a frame."""
    page = opened.page
    page.click("#tab-train")
    told = page.evaluate("""
    async () => {
      const room = window.minicnn.rooms.train, show = room.show.bind(room);
      let frames = 0, news = 0, shown = 0, on = true;
      room.show = () => { shown++; show(); };
      const count = () => { frames++; if (on) requestAnimationFrame(count); };
      requestAnimationFrame(count);
      await new Promise(resolve => {
        room.trainers[0].listeners.push(() => { if (++news === 40) resolve(); });
        document.querySelector("#room-train button.main").click();
      });
      on = false;
      room.trainers[0].pause();
      return {frames, news, shown, steps: room.trainers[0].steps};
    }
    """)
    assert told["steps"] > 20
    assert told["frames"] > told["news"] / 2
    assert told["shown"] <= told["frames"] + 2


def test_looking_inside(opened):
    page = opened.page
    page.click("#tab-look")
    page.wait_for_selector("#room-look .map")
    page.click("#room-look >> text=a test image")
    page.click('[aria-label="conv2, map 5"]')
    assert "conv2, map 5" in page.inner_text("#room-look")
    page.click("text=look at the test images")
    page.wait_for_selector(".liked", timeout=20_000)
    for layer, kind in (("pool2", "max_pool2d_forward"), ("fc1", "linear_forward"), ("relu1", "relu_forward")):
        page.click(f'[aria-label="{layer}, map 0"]')
        assert kind in page.inner_text("#room-look .title")
        assert page.locator("#room-look .verdict.right").count() == 1
    page.click('[aria-label="fc2, map 0"]')  # numbers without a map, any of which may be chosen
    page.locator("#room-look svg[role=application]").last.focus()
    page.keyboard.press("ArrowDown")
    assert page.inner_text("#room-look .title") == "y[0, 12] of linear_forward"
    page.click("text=look at the test images")
    page.wait_for_selector("#room-look .likes canvas", timeout=20_000)
    page.click("#room-look >> text=clear")
    box = page.locator("#room-look .grid").first.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.8 * box["height"], steps=20)
    page.mouse.up()
    assert page.evaluate("() => window.minicnn.rooms.look.ink.some(each => each > 0.9)")
    slope = page.evaluate("() => [...window.minicnn.rooms.look.network.saliency(1)]")
    assert np.isfinite(slope).all()
    assert np.any(slope)


@pytest.mark.parametrize("width", [360, 768, 2560])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_room_is_wider_than_the_window(opened, width, theme):
    page = opened.page
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme)
    for room in ("slide", "train", "look", "lectures"):
        page.click(f"#tab-{room}")
        assert page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth") <= 0, room


def test_digits_are_scaled_as_minicnn_scales_them(opened):
    shown = opened.page.evaluate("() => [...Object.values(window.minicnn.tasks)[0].data.test.images]")
    test = datasets.load("digits", "test")
    want = datasets.scale_to(test.images, 28, 28).ravel()
    differing = np.array(shown) != want
    assert differing.mean() < 1e-3
    assert np.abs(np.array(shown) - want.astype(int)).max() <= 1


def test_an_address_brings_back_its_room(browser, written):
    """Loaded anew, the page shows the room and the settings of its address; what an address cannot mean is passed over."""
    page = browser.new_page()
    where = "() => [document.querySelector('[role=tabpanel]:not([hidden])').id, location.hash]"
    found = {}
    for given in (
        "room=train&task=points&points=spiral&noise=0.3&features=1110000&rate=0.03&batch=32&optimizer2=sgd",
        "room=look&layer=conv2&map=3&image=4&at=2,5",
        "room=slide&kind=max_pool&image=edge&window=2x2&stride=2x2&at=1,1",
        "room=lectures",
        "room=slide&kind=nonsense&at=x,y&stride=-1x0&weights=a&numbers=1 2,3",
        "room=train&task=nothing&rate=no&optimizer=zzz&noise=1e9",
        "room=look&layer=conv9&map=-3&image=99999&at=-1",
    ):
        shown = []
        for _ in range(2):
            page.goto("about:blank")
            page.goto(f"{written.as_uri()}{shown[0][1] if shown else '#' + given}")
            page.wait_for_selector('html[data-ready="1"]')
            page.wait_for_timeout(250)  # the address is written at most every tenth of a second
            shown.append(page.evaluate(where))
        assert shown[0] == shown[1], given
        assert shown[0][0] == f"room-{given[5:].partition('&')[0]}", given
        found[given] = dict(part.split("=") for part in shown[0][1][1:].split("&"))
    for given in list(found)[:3]:
        for part in given.split("&"):
            name, value = part.split("=")
            assert found[given][name] == value.replace(",", "%2C"), given
    page.close()


def test_a_number_out_of_bounds_is_shown_as_what_it_counts(opened):
    page = opened.page
    page.click("#tab-slide")
    page.fill('#room-slide [aria-label="stride, rows"]', "99")
    page.keyboard.press("Tab")
    assert page.input_value('#room-slide [aria-label="stride, rows"]') == "5"
    page.fill('#room-slide [aria-label="stride, rows"]', "1")
    page.keyboard.press("Tab")


def test_the_file_is_small(written):
    """Fonts, frameworks or a second copy of something would show."""
    assert len(written.read_bytes()) < 700_000
    text = written.read_text()
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in text
    policy = text.partition('Content-Security-Policy" content="')[2].partition('"')[0]
    assert "unsafe-inline" not in policy
    assert "'unsafe-eval'" not in policy
    assert json.loads(text.partition('id="assets">')[2].partition("</script>")[0].replace("<\\/", "</"))["title"] == "minicnn: lenet"


OWN = """
from dataclasses import dataclass

import numpy as np

from minicnn import Graph, kernels
from minicnn import layers as L


def circular(k, p, q, c, r, s):
    return c, (p + r) % 9, (q + s) % 9, (k * 3 + r) * 3 + s


mine = kernels.variant(circular, input_shape=(1, 9, 9), output_shape=(2, 9, 9), taps=(1, 3, 3))


def squared(a):  # not what the textbook calls so
    return 1.0 / (1.0 + np.exp(-a))


def swish_forward(y, x, slope):
    for i in range(x.size):
        y.flat[i] = x.flat[i] * squared(slope * x.flat[i])


def swish_backward(dx, dy, x, slope):
    for i in range(x.size):
        s = squared(slope * x.flat[i])
        dx.flat[i] = dy.flat[i] * s * (1.0 + slope * x.flat[i] * (1.0 - s))


@dataclass(frozen=True)
class OwnSwish(L.Layer):
    slope: float = 1.5
    forward, backward = swish_forward, swish_backward


network = Graph(L.Sequential(L.Conv2D(6, 3), OwnSwish(), L.Flatten(), L.Linear(10)), (1, 8, 8))
"""


@pytest.fixture(scope="module")
def own_page(browser, tmp_path_factory):
    """A page of a user's file, with a convolution and a network of its own."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "mine.py").write_text(OWN)
    assert (
        run(["play", str(folder / "mine.py"), "--no-open", "--out", str(folder / "own.html"), "--variant", f"{folder / 'mine.py'}:mine"])
        == 0
    )
    page = browser.new_page()
    page.goto((folder / "own.html").as_uri())
    page.wait_for_selector('html[data-ready="1"]', timeout=20_000)
    yield page
    page.close()


def test_a_convolution_of_ones_own(own_page):
    """Its index map is compiled to WebAssembly on the spot; its numbers are those of `kernels.variant`."""
    page = own_page
    settings = {"kind": "variant", "image": "edge", "weights": "1 2 3 4 5 6 7 8 9", "filters": "2"}
    for direction, count in (("forward", 81), ("backward_input", 81), ("backward_weight", 18)):
        assert page.evaluate(EXPLAIN_ALL, {**settings, "pass": direction}) == {"same": count, "wrong": None}
    page.evaluate(EXPLAIN_ALL, {**settings, "pass": "forward"})
    shown = np.array(page.evaluate("() => [...window.minicnn.rooms.slide.call.given.y.data]")).reshape(2, 9, 9)
    own = kernels.variant(
        lambda k, p, q, c, r, s: (c, (p + r) % 9, (q + s) % 9, (k * 3 + r) * 3 + s),
        input_shape=(1, 9, 9),
        output_shape=(2, 9, 9),
        taps=(1, 3, 3),
    )
    edge = (np.arange(81).reshape(1, 1, 9, 9) % 9 >= 4).astype(np.float32)
    weight = np.tile(np.arange(1, 10, dtype=np.float32), 2)
    np.testing.assert_array_equal(shown, own.forward(edge, weight)[0])


def test_a_layer_of_ones_own(own_page, tmp_path):
    """Its loops are compiled on the spot, as steps of the plan and as they stand; it trains, and minicnn says the same of what it learned."""
    page = own_page
    page.click("#tab-train")
    page.click("button.main")
    page.wait_for_function("() => window.minicnn.rooms.train.trainers[0].tests.at(-1) > 0.9")
    page.click("button.main")
    page.click("#tab-look")
    page.click('[aria-label="ownswish1, map 2"]')
    assert page.inner_text("#room-look .title") == "y[93] of swish_forward"
    assert page.locator("#room-look .explanation .verdict.right").count() == 1
    page.click("#tab-train")
    with page.expect_download() as saved:
        page.click('text="save the weights"')
    saved.value.save_as(tmp_path / "own.safetensors")
    net = load_trained(tmp_path / "own.safetensors").net
    test = datasets.load("digits", "test")
    shares = (net.predict(test.images).argmax(axis=1) == test.labels).mean()
    scores = "async () => { const [each] = window.minicnn.rooms.train.trainers; await each.measureOnce(); return each.tests.at(-1); }"
    assert page.evaluate(scores) == pytest.approx(shares, abs=0.003)


# What a network says, the words of the training room and those of a verdict
SCENES = {
    "unet-small": ("cells", "mean IoU", "of the pixels", "level1.conv1, map 1"),
    "yolo-digits": ("digit-scenes", "mean average precision", "box", "conv2, map 1"),
}


@pytest.mark.parametrize("name", SCENES)
def test_a_network_that_says_more_than_a_class(browser, tmp_path, name):
    """It learns masks or boxes in the page, shows them, and explains its numbers."""
    data, figure, verdict, unit = SCENES[name]
    train, test = (datasets.load(data, split).subset(slice(count)) for split, count in (("train", 16), ("test", 4)))
    net = zoo.find(name).build(len(train.classes), width=0.25)
    path = tmp_path / "scenes.html"
    path.write_text(page(name, {name: image_task(net, train, test)}))
    shown = browser.new_page()
    complaints = []
    shown.on("pageerror", lambda error: complaints.append(str(error)))
    shown.goto(path.as_uri())
    shown.wait_for_selector('html[data-ready="1"]', timeout=20_000)
    shown.click("#tab-train")
    shown.locator("#room-train").get_by_label("learning rate").first.select_option("0.01")
    for batch in range(8):
        shown.click('text="one batch"')
        shown.wait_for_function(f"() => window.minicnn.rooms.train.trainers[0].tests.length > {batch}")
    losses = shown.evaluate("() => window.minicnn.rooms.train.trainers[0].batches.map(each => each.loss)")
    assert len(losses) == 8
    assert losses[-1] < 0.85 * losses[0]
    assert figure in shown.inner_text(".report")
    assert shown.locator("#room-train .mistakes canvas").count() == 4
    shown.click("#tab-look")
    shown.wait_for_selector("#room-look .map")
    assert verdict in shown.inner_text("#room-look .verdict")
    shown.click(f'[aria-label="{unit}"]')
    assert shown.locator("#room-look .explanation .verdict.right").count() == 1
    assert np.any(shown.evaluate("() => [...window.minicnn.rooms.look.network.saliency(1)]"))
    assert (
        shown.evaluate("() => new Set(document.querySelector('#room-look canvas').getContext('2d').getImageData(0, 0, 64, 64).data).size")
        > 5
    )
    assert not complaints
    shown.close()
