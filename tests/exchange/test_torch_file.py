"""Files of `torch.save` without PyTorch: every kind of numbers, both formats; nothing in them runs; broken ones end in one message."""

import pickle
import random
import zipfile

import numpy as np
import pytest

from minicnn.errors import CheckpointError
from minicnn.exchange.weights.torch_file import read_torch

torch = pytest.importorskip("torch", reason="PyTorch is not installed: nothing writes such files")

KINDS = [
    torch.float32,
    torch.float16,
    torch.bfloat16,
    torch.float64,
    torch.int64,
    torch.int32,
    torch.int16,
    torch.int8,
    torch.uint8,
    torch.bool,
]
FORMATS = [(False, 2), (False, 4), (True, 2), (True, 4)]


def saved(path, value, legacy=False, protocol=2):
    torch.save(value, path, _use_new_zipfile_serialization=not legacy, pickle_protocol=protocol)
    return path


class Calls:
    """Pickles as a call of `function`."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(("legacy", "protocol"), FORMATS)
def test_every_kind_of_numbers(tmp_path, legacy, protocol):
    tensors = {str(kind): (torch.arange(24).reshape(2, 3, 4) % 7).to(kind) for kind in KINDS}
    found = read_torch(saved(tmp_path / "x.pth", tensors, legacy, protocol))
    assert list(found) == list(tensors)
    for name, tensor in tensors.items():
        wide = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
        assert found[name].dtype == wide.numpy().dtype
        np.testing.assert_array_equal(found[name], wide.numpy())


def test_views_of_one_storage(tmp_path):
    whole = torch.arange(12.0).reshape(3, 4)
    found = read_torch(
        saved(tmp_path / "x.pth", {"turned": whole.t()[1:], "row": whole[2], "one": torch.tensor(3.0), "none": torch.ones(0, 3)})
    )
    np.testing.assert_array_equal(found["turned"], whole.t()[1:].numpy())
    np.testing.assert_array_equal(found["row"], [8, 9, 10, 11])
    assert found["one"].shape == ()
    assert found["none"].shape == (0, 3)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_checkpoint_with_more_than_weights(tmp_path, legacy):
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(2, 1, 4, 4)).sum().backward()
    optimizer.step()
    checkpoint = {"epoch": 3, "arch": "small", "state_dict": model.state_dict(), "optimizer": optimizer.state_dict(), "best": 0.5}
    found = read_torch(saved(tmp_path / "x.pth", checkpoint, legacy))
    assert list(found) == list(model.state_dict())
    np.testing.assert_array_equal(found["0.weight"], model[0].weight.detach().numpy())


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize(
    ("function", "called"),
    [
        (eval, r"(builtins|__builtin__)\.eval"),
        (exec, r"(builtins|__builtin__)\.exec"),
        (__import__, r"(builtins|__builtin__)\.__import__"),
        (getattr, r"(builtins|__builtin__)\.getattr"),
        (torch.load, r"torch\.serialization\.load"),
    ],
)
def test_what_would_run_is_named_and_refused(tmp_path, legacy, function, called):
    path = saved(tmp_path / "x.pth", {"weight": torch.ones(2), "trap": Calls(function, f"open({str(tmp_path / 'ran')!r}, 'w')")}, legacy)
    with pytest.raises(CheckpointError, match=rf"x\.pth wants to call {called}, and was not read: nothing in a file of weights may run"):
        read_torch(path)
    assert not (tmp_path / "ran").exists()


def test_known_names_are_called_with_what_they_take_only(tmp_path):
    storage = pickle.dumps({"weight": Calls(torch.FloatStorage, 3)}, protocol=2)
    with zipfile.ZipFile(tmp_path / "x.pth", "w") as archive:
        archive.writestr("x/data.pkl", storage)
    with pytest.raises(CheckpointError, match=r"wants to call torch\.FloatStorage"):
        read_torch(tmp_path / "x.pth")


def test_a_whole_module_is_refused_with_what_to_save_instead(tmp_path):
    with pytest.raises(
        CheckpointError,
        match=r"wants to call torch\.nn\.modules\.linear\.Linear.*\n  save the weights alone: torch\.save\(model\.state_dict\(\)",
    ):
        read_torch(saved(tmp_path / "x.pth", torch.nn.Linear(2, 2)))


def test_no_tensors(tmp_path):
    with pytest.raises(CheckpointError, match="holds no dict of tensors"):
        read_torch(saved(tmp_path / "x.pth", {"epoch": 3, "deep": {"er": [1, 2]}}))


def test_a_tensor_beyond_its_storage(tmp_path):
    path = saved(tmp_path / "x.pth", {"weight": torch.ones(1, 1).expand(1000, 1000)})
    with pytest.raises(CheckpointError, match=r"weight is \(1000, 1000\), but only 1 numbers of it are there"):
        read_torch(path)


def test_compressed_members(tmp_path):
    with (
        zipfile.ZipFile(saved(tmp_path / "x.pth", {"weight": torch.ones(2)})) as whole,
        zipfile.ZipFile(tmp_path / "y.pth", "w", zipfile.ZIP_DEFLATED) as other,
    ):
        for name in whole.namelist():
            other.writestr(name, whole.read(name))
    with pytest.raises(CheckpointError, match="its members are compressed"):
        read_torch(tmp_path / "y.pth")


@pytest.mark.parametrize("legacy", [False, True])
def test_cut_and_changed_files_end_in_a_message(tmp_path, legacy):
    content = saved(tmp_path / "x.pth", {"conv.weight": torch.ones(2, 3), "conv.bias": torch.ones(2)}, legacy).read_bytes()
    chance = random.Random(0)
    broken = [content[:stop] for stop in range(1, len(content), max(1, len(content) // 25))]
    for _ in range(120):
        changed = bytearray(content)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        broken.append(bytes(changed))
    refused = 0
    for each in broken:
        (tmp_path / "y.pth").write_bytes(each)
        try:
            found = read_torch(tmp_path / "y.pth")
            assert all(array.size <= 6 for array in found.values())
        except CheckpointError:
            refused += 1
    assert refused > len(broken) // 4
