"""How many processors are used: those the process may really use, unless told otherwise."""

import numpy as np
import pytest

import minicnn
from minicnn import processors
from minicnn.errors import SettingError


@pytest.fixture
def unset():
    yield
    minicnn.set_threads(None)


def test_set_threads_holds_for_functions_and_networks(unset, monkeypatch):
    from minicnn.kernels.cpu.program import crew

    asked = []
    plain_lead = crew.lead
    monkeypatch.setattr(crew, "lead", lambda *arguments: asked.append(arguments[9][9]) or plain_lead(*arguments))
    net = minicnn.zoo.build("lenet")
    for n in (1, 3, 2):
        minicnn.set_threads(n)
        minicnn.kernels.conv2d(np.ones((64, 16, 28, 28), np.float32), np.ones((16, 16, 3, 3), np.float32))
        net.forward(np.ones((64, 1, 28, 28), np.float32))
        net.backward(np.ones((64, 1, 28, 28), np.float32), np.zeros(64, np.int64))
        assert set(asked) == {n}
        assert minicnn.threads() == minicnn.Trainer(net).threads == n
        asked.clear()


NO_COUNTS = [0, -1, 1.5, "two", True, 1025, 10000]


@pytest.mark.parametrize("n", NO_COUNTS)
def test_set_threads_refuses_what_is_no_number_of_threads(n):
    with pytest.raises(SettingError, match="set_threads: n"):
        minicnn.set_threads(n)


@pytest.mark.parametrize("n", NO_COUNTS)
def test_trainers_and_predictions_refuse_what_is_no_number_of_threads(n):
    net = minicnn.Graph(minicnn.layers.Linear(2), (3,))
    with pytest.raises(SettingError, match="Trainer: threads"):
        minicnn.Trainer(net, threads=n)
    with pytest.raises(SettingError, match="predict: threads"):
        net.predict(np.zeros((1, 3), np.float32), threads=n)
    trainer = minicnn.Trainer(net)
    trainer.threads = n
    with pytest.raises(SettingError, match="Trainer: threads"):
        trainer.fit((np.zeros((2, 3), np.float32), [0, 1]), epochs=1)


def groups(tmp_path, line, files):
    """A system's description of the control groups of this process."""
    (tmp_path / "self").write_text(line)
    for name, text in files.items():
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    plain = processors.control_groups
    return lambda controller: plain(controller, tmp_path / "root", tmp_path / "self")


@pytest.mark.parametrize(
    ("name", "line", "files", "wanted"),
    [
        ("version 2", "0::/a/b\n", {"a/b/cpu.max": "150000 100000\n"}, 2),
        ("the group around it grants less", "0::/a/b\n", {"a/cpu.max": "100000 100000", "a/b/cpu.max": "700000 100000"}, 1),
        ("no limit", "0::/\n", {"cpu.max": "max 100000"}, 8),
        (
            "version 1",
            "4:memory:/x\n3:cpu,cpuacct:/a\n",
            {"cpu,cpuacct/a/cpu.cfs_quota_us": "300000", "cpu,cpuacct/a/cpu.cfs_period_us": "100000"},
            3,
        ),
        ("version 1, no limit", "3:cpu,cpuacct:/\n", {"cpu,cpuacct/cpu.cfs_quota_us": "-1", "cpu,cpuacct/cpu.cfs_period_us": "100000"}, 8),
        ("less than one", "0::/\n", {"cpu.max": "20000 100000"}, 1),
        ("nothing said", "", {}, 8),
        ("a broken file", "0::/\n", {"cpu.max": "many 0"}, 8),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 and "\n" not in value else "",
)
def test_the_quota_of_the_control_group_counts(tmp_path, monkeypatch, name, line, files, wanted):
    monkeypatch.setattr(processors, "control_groups", groups(tmp_path, line, files))
    monkeypatch.setattr(processors.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert processors.usable_processors.__wrapped__() == wanted
