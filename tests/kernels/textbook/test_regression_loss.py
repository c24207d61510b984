"""Losses of numbers: by hand, kinks, as PyTorch, by numeric gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from .checks import close, close_to_numeric, generated, numeric_gradient, uniform
from .test_cross_entropy import of

LOSSES = {"mean_squared_error": (), "mean_absolute_error": (), "huber": (0.5,)}

Y = np.array([[1.0, 2.0, 3.0], [-1.0, 0.0, 0.25]])
TARGET = np.array([[1.0, 0.0, 4.0], [0.0, 0.0, 0.0]])


@pytest.mark.parametrize(
    ("name", "losses", "dy"),
    [
        ("mean_squared_error", [5, 1.0625], [[0, 4, -2], [-2, 0, 0.5]]),
        ("mean_absolute_error", [3, 1.25], [[0, 1, -1], [-1, 0, 1]]),
        ("huber", [0.875 + 0.375, 0.375 + 0.03125], [[0, 0.5, -0.5], [-0.5, 0, 0.25]]),
    ],
)
def test_by_hand(name, losses, dy):
    found = of(name, Y, TARGET, *LOSSES[name])
    assert found[0].tolist() == losses
    assert found[1].tolist() == dy


def test_huber_meets_its_line_at_delta():
    losses, dy = of("huber", np.array([[0.5], [-0.5]]), np.zeros((2, 1)), 0.5)
    assert losses.tolist() == [0.125, 0.125]
    assert dy.ravel().tolist() == [0.5, -0.5]


@pytest.mark.parametrize("name", LOSSES)
def test_what_is_not_a_number_shows(name):
    losses, dy = of(name, np.array([[np.nan, 1.0], [np.inf, 1.0]]), np.zeros((2, 2)), *LOSSES[name])
    assert np.isnan(losses[0])
    assert np.isnan(dy[0, 0])
    assert losses[1] == np.inf
    assert dy[0, 1] == {"mean_squared_error": 2, "mean_absolute_error": 1, "huber": 0.5}[name]


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_same_as_torch(torch, dtype, name):
    peer = {"mean_squared_error": "mse_loss", "mean_absolute_error": "l1_loss", "huber": "huber_loss"}[name]

    @generated
    @given(
        sizes=st.tuples(*(st.integers(1, most) for most in (4, 9))),
        delta=st.sampled_from([0.01, 0.5, 1.0, 9.0]),
        seed=st.integers(0, 2**32 - 1),
    )
    def compare(sizes, delta, seed):
        y, target = uniform(seed, sizes, dtype), uniform(seed + 1, sizes, dtype)
        leaf = torch.tensor(y, dtype=torch.float64, requires_grad=True)
        given = {"delta": delta} if name == "huber" else {}
        wanted = getattr(torch.nn.functional, peer)(leaf, torch.tensor(target, dtype=torch.float64), **given)
        wanted.backward()
        losses, dy = of(name, y, target, *given.values(), dloss=np.full(len(y), 1 / y.size, dtype))
        close(losses.sum(dtype=np.float64).astype(dtype) / dtype(y.size), wanted.item(), 4 * y[0].size)
        close(dy, leaf.grad.numpy())

    compare()


@pytest.mark.parametrize("name", LOSSES)
def test_numeric_gradient(name):
    y, target, dloss = uniform(0, (3, 8)), uniform(1, (3, 8)), uniform(2, 3)
    found = of(name, y, target, *LOSSES[name], dloss=dloss)[1]
    close_to_numeric(found, numeric_gradient(lambda v: of(name, v, target, *LOSSES[name])[0], y, dloss))
