"""Gates that let what comes in pass: highway networks, and bodies left out by chance."""

import numpy as np

import minicnn
from minicnn import datasets
from minicnn import layers as L
from minicnn.charts import Chart, Line
from minicnn.labs.lab import Lab, Progress, Row
from minicnn.labs.training import trained
from minicnn.labs.verdicts import effect, percent, same, seeds_text

WIDTH = 50
STARTS = {"plain": None, "bias 0": 0.0, "bias -2": -2.0, "bias -4": -4.0}


def run(quick):
    seeds, epochs, deep, rates = (1, 4, 24, (0.002,)) if quick else (4, 30, 48, (0.0005, 0.002))
    train, test = datasets.load("digits"), datasets.load("digits", "test")
    yield from gates()

    def errors(depth, start, rate):
        """Training errors (seeds, epochs); 90 % where the loss was lost."""
        optimizer = minicnn.optimizers.Adam(learning_rate=rate)
        each = [trained(network(depth, start, seed), train, test, epochs, optimizer=optimizer, seed=seed).train for seed in range(seeds)]
        return np.nan_to_num(each, nan=0.9)

    curves = {}
    for words, start in STARTS.items():
        yield Progress(f"{deep} layers, {words}")
        curves[words] = min((errors(deep, start, rate) for rate in rates), key=lambda found: found[:, -1].mean())
    shallow = errors(4, None, rates[-1])[:, -1]
    last = {words: curve[:, -1] for words, curve in curves.items()}
    yield Row(
        "plain networks get harder to train with depth",
        f"training error with 4 layers {percent(shallow)}, with {deep} {percent(last['plain'])}"
        f" ({epochs} epochs, {seeds_text(seeds)}, each at its better rate)",
        effect(smaller=shallow, larger=last["plain"], by=0.01),
    )
    best = min(("bias -2", "bias -4"), key=lambda words: last[words].mean())
    yield Row(
        "highway networks of the same depth can be trained",
        f"{deep} layers, gate {best}: training error {percent(last[best])}, plain {percent(last['plain'])}",
        effect(smaller=last[best], larger=last["plain"], by=0.01),
    )
    yield Row(
        "gates start with a negative bias, so that inputs pass at first",
        f"bias 0: {percent(last['bias 0'])}, -2: {percent(last['bias -2'])}, -4: {percent(last['bias -4'])}",
        effect(smaller=last[best], larger=last["bias 0"]),
    )
    yield Row(
        "the deeper, the more negative: Srivastava 2015 found -1 to -4 good",
        f"{deep} layers: -2 {percent(last['bias -2'])}, -4 {percent(last['bias -4'])}",
        effect(smaller=last["bias -4"], larger=last["bias -2"]),
    )

    whole, dropped = np.empty(seeds), np.empty(seeds)
    part, few = train.subset(slice(500)), 3 if quick else 15
    for seed in range(seeds):
        for found, survival in ((whole, 1.0), (dropped, 0.5)):
            yield Progress(f"stochastic depth, survival {survival:g}, seed {seed}")
            found[seed] = trained(residual(8, survival, seed), part, test, few, batch_size=32, seed=seed).test[-1]
    yield Row(
        "stochastic depth: leaving residual bodies out by chance gives lower test errors (CIFAR-10, 110 layers: 5.2 against 6.4 %)",
        f"8 bodies on 500 digits: {percent(dropped)} against {percent(whole)} ({few} epochs, {seeds_text(seeds)})",
        effect(smaller=dropped, larger=whole),
    )
    lines = tuple(Line(words, list(range(1, epochs + 1)), list(100 * curve.mean(axis=0))) for words, curve in curves.items())
    yield Chart(f"Training error of {deep} layers", lines, "epoch", "% wrong", y_range=(0, 100))


def gates():
    """One highway layer against the formula; with a carry gate of its own; and nearly closed."""
    x = np.random.default_rng(0).normal(size=(6, WIDTH)).astype(np.float32)
    body, gate = L.Sequential(L.Linear(WIDTH, name="H"), L.ReLU()), L.Sequential(L.Linear(WIDTH, bias_start=-4.0, name="T"), L.Sigmoid())
    net = minicnn.Graph(L.Highway(body, gate), (WIDTH,))
    weight = net.parameters
    h, t = np.maximum(x @ weight["H.weight"].T + weight["H.bias"], 0), 1 / (1 + np.exp(-(x @ weight["T.weight"].T + weight["T.bias"])))
    apart = float(abs(net.forward(x) - (t * h + (1 - t) * x)).max())
    yield Row("y = H(x) T(x) + x C(x), with C = 1 - T", f"largest difference {apart:.1g}", same(0, apart, within=1e-5))
    carry = L.Sequential(L.Linear(WIDTH, bias_start=4.0, name="C"), L.Sigmoid())
    free = minicnn.Graph(L.Add(L.Multiply(body, gate), L.Multiply(L.Sequential(), carry)), (WIDTH,))
    for name, values in free.parameters.items():
        values[...] = weight[name] if name in weight else -weight[name.replace("C", "T")]
    apart = float(abs(net.forward(x) - free.forward(x)).max())
    yield Row(
        "C can be a gate of its own; as 1 - T = sigmoid(-z) it is the same", f"largest difference {apart:.1g}", same(0, apart, within=1e-5)
    )


def network(depth, start, seed):
    """A layer that brings the digit to 50 numbers, then layers that keep them; start: bias of the gates, None for plain layers."""
    layers = []
    for _ in range(depth - 2):
        body = L.Sequential(L.Linear(WIDTH), L.ReLU())
        layers.append(body if start is None else L.Highway(body, L.Sequential(L.Linear(WIDTH, bias_start=start), L.Sigmoid())))
    return minicnn.Graph(L.Sequential(L.Flatten(), L.Linear(WIDTH), L.ReLU(), *layers, L.Linear(10)), (1, 8, 8), seed=seed)


def residual(blocks, survival, seed):
    """Residual bodies, the last of which takes part with this probability, the others more often."""

    def conv():
        return [L.Conv2D(16, 3, padding=1, bias=False), L.BatchNorm2D()]

    layers = [*conv(), L.ReLU()]
    for block in range(1, blocks + 1):
        chance = 1 - block / blocks * (1 - survival)
        layers += [L.Residual(L.Sequential(*conv(), L.ReLU(), *conv(), L.StochasticDepth(chance))), L.ReLU()]
    return minicnn.Graph(L.Sequential(*layers, L.GlobalAvgPool(), L.Linear(10)), (1, 8, 8), seed=seed)


LAB = Lab(
    "highway",
    "Highway networks of 48 layers, and stochastic depth",
    sources=(
        "Scarano: highway networks (S43, S44)",
        "Lipton, Chai: stochastic depth (C68)",
        "Srivastava, Greff, Schmidhuber, Highway Networks, 2015",
    ),
    look="How long a curve stays at 90 % before it falls: the plain network is stuck from the start, the gates must be closed enough that"
    " the digit reaches the end of all layers.",
    exercises=(
        "Replace Highway by Residual: L.Residual(body). Are gates needed at all?",
        "Look at the gates after training: net.activations(x, 'sigmoid*'). In which layers are they open, and for which digits?",
    ),
    run=run,
    seconds=30,
)
