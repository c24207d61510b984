"""Every optimizer against PyTorch's of the same name, over generated settings: five updates of the same parameters by the same gradients."""

import inspect

import numpy as np
import pytest

from minicnn.errors import SettingError
from minicnn.optimizers import OPTIMIZERS, SGD, Adam, AdamW, RMSprop

torch = pytest.importorskip("torch")

RENAMED = {"learning_rate": "lr", "epsilon": "eps"}
PEERS = {SGD: torch.optim.SGD, Adam: torch.optim.Adam, AdamW: torch.optim.AdamW, RMSprop: torch.optim.RMSprop}
SETTINGS = 12


def generated(kind, rng):
    """Settings of a kind, some of them left out."""
    chosen = {"learning_rate": 10 ** rng.uniform(-4, -1), "weight_decay": rng.choice([0.0, 0.01, 0.1])}
    if kind in (Adam, AdamW):
        chosen |= {"beta1": rng.uniform(0.5, 0.95), "beta2": rng.uniform(0.9, 0.999), "epsilon": 10 ** rng.uniform(-8, -3)}
    if kind is SGD:
        chosen |= {"momentum": rng.uniform(0.1, 0.95), "nesterov": bool(rng.integers(2))}
    if kind is RMSprop:
        chosen |= {"alpha": rng.uniform(0.8, 0.99), "epsilon": 10 ** rng.uniform(-6, -2)}
        chosen |= {"momentum": rng.choice([0.0, 0.9]), "centered": bool(rng.integers(2))}
    return {name: value if isinstance(value, bool) else float(value) for name, value in chosen.items()}


def of_torch(kind, weight, settings):
    named = {RENAMED.get(name, name): value for name, value in settings.items() if name not in ("beta1", "beta2")}
    if "beta1" in settings:
        named["betas"] = (settings["beta1"], settings["beta2"])
    return PEERS[kind]([weight], **named)


@pytest.mark.parametrize("kind", PEERS, ids=lambda kind: kind.kind)
def test_updates_are_those_of_torch(kind):
    for number in range(SETTINGS):
        rng = np.random.default_rng(number)
        settings = generated(kind, rng)
        weight, peer = rng.standard_normal(50), torch.zeros(50, dtype=torch.float64)
        peer[:] = torch.from_numpy(weight)
        optimizer, other = kind(**settings), of_torch(kind, peer, settings)
        states = {name: np.zeros(50) for name in kind.state_names}
        for step in range(1, 6):
            gradient = rng.standard_normal(50) * 10 ** rng.uniform(-3, 1)
            gradient[:5] = 0.0
            peer.grad = torch.from_numpy(gradient.copy())
            other.step()
            numbers = dict(zip(kind.number_names, optimizer.rates(step, optimizer.learning_rate), strict=True))
            known = {"weight": weight, "gradient": gradient, **states, **numbers}
            kind.update(*(known[name] for name in inspect.signature(kind.update).parameters))
            np.testing.assert_allclose(weight, peer.numpy(), rtol=1e-9, atol=1e-12, err_msg=f"{settings}, step {step}")


def test_every_optimizer_has_been_compared():
    assert {kind for kind in OPTIMIZERS.values() if kind.__module__.startswith("minicnn.")} == set(PEERS)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: SGD(0.1, momentum=0.0, nesterov=True), "SGD: nesterov looks ahead along the momentum, but momentum is 0"),
        (lambda: SGD(0.1, momentum=True), "SGD: momentum is True, but must be a number"),
        (lambda: RMSprop(epsilon=0), "RMSprop: epsilon is 0, but must be above 0"),
        (lambda: RMSprop(alpha=1.0), "RMSprop: alpha is 1.0, but must be a number, at least 0 and below 1"),
        (lambda: AdamW(decay="biases"), "AdamW: decay is 'biases', but must be 'all' or 'weights'"),
        (lambda: SGD(0.1, decay=0.5), "SGD: decay is 0.5, but must be 'all' or 'weights'"),
    ],
)
def test_settings_out_of_range(make, words):
    with pytest.raises(SettingError, match=f"^{words}"):
        make()
