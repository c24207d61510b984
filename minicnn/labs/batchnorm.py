"""Batch normalization: what it does to activations, learning rates, batches, dropout and the landscape of the loss."""

import numpy as np

import minicnn
from minicnn import datasets
from minicnn import layers as L
from minicnn.charts import Chart, Line
from minicnn.labs.lab import Lab, Progress, Row
from minicnn.labs.training import trained
from minicnn.labs.verdicts import effect, percent, same, seeds_text

WITHOUT, WITH = "without", "with batch normalization"
LOST = 0.9  # wrong answers where the loss is no longer a number


def run(quick):
    seeds, count, epochs = (1, 300, 4) if quick else (3, 500, 20)
    data, test = datasets.load("digits").subset(slice(count)), datasets.load("digits", "test")
    yield columns()

    def errors(normalized, dropout=0.0, rate=0.05, batch=64):
        """Over the seeds, after the last epoch."""
        found = np.empty(seeds)
        for seed in range(seeds):
            optimizer = minicnn.optimizers.SGD(learning_rate=rate, momentum=0.9)
            result = trained(network(normalized, dropout, seed), data, test, epochs, optimizer=optimizer, batch_size=batch, seed=seed)
            found[seed] = np.nan_to_num(result.test[-1], nan=LOST)
        return found

    yield Progress("watching activations during training")
    watched = {words: watch(words == WITH, data, 20 if quick else 100) for words in (WITHOUT, WITH)}
    drift = {words: np.abs(np.diff(means)).sum() for words, (means, _, _) in watched.items()}
    yield Row(
        "upper layers chase the shifting distributions of lower ones; normalized inputs do not shift",
        f"way of the mean input of layer 4, in deviations: {drift[WITHOUT]:.1f} without, {drift[WITH]:.1f} with",
        effect(smaller=drift[WITH], larger=drift[WITHOUT]),
    )
    rough = {words: np.median(turns) for words, (_, turns, _) in watched.items()}
    yield Row(
        "Santurkar 2018: the landscape of the loss becomes smoother",
        f"change of the gradient after a step along it: {rough[WITHOUT]:.0%} of its norm without, {rough[WITH]:.0%} with (median)",
        effect(smaller=rough[WITH], larger=rough[WITHOUT]),
    )
    yield Progress("training with large and small learning rates")
    rates = (0.05, 0.5)
    slow, fast = ([errors(normalized, rate=rate) for rate in rates] for normalized in (False, True))
    yield Row(
        "larger learning rates can be used",
        f"rate {rates[1]:g}: {percent(slow[1])} wrong without, {percent(fast[1])} with ({seeds_text(seeds)})",
        effect(smaller=fast[1], larger=slow[1], by=0.05),
    )
    yield Row(
        "training converges faster",
        f"rate {rates[0]:g}, {epochs} epochs: {percent(slow[0])} without, {percent(fast[0])} with",
        effect(smaller=fast[0], larger=slow[0]),
    )

    by_batch = {}
    for batch in (4, 16, 64, 128, 250):
        yield Progress(f"batches of {batch}")
        by_batch[batch] = errors(True, batch=batch)
    ideal = np.minimum(by_batch[64], by_batch[128])
    yield Row(
        "the noise of batches regularizes: batches of about 64 to 256 are best",
        ", ".join(f"{batch}: {percent(found)}" for batch, found in by_batch.items()),
        effect(smaller=ideal, larger=np.min([by_batch[batch] for batch in (4, 16)], axis=0)),
    )
    yield Progress("dropout beside it")
    plain, dropped = slow[0], errors(False, dropout=0.5)
    normal, both = fast[0], errors(True, dropout=0.5)
    yield Row(
        "not synergistic with dropout: beside it dropout gains less",
        f"dropout gains {100 * (plain - dropped).mean():.1f} points without, {100 * (normal - both).mean():.1f} with",
        effect(smaller=normal - both, larger=plain - dropped),
    )
    net = watched[WITH][2]
    images = test.images.astype(np.float32) / 255
    apart = float(abs(net.forward(images[:1]) - net.forward(images)[:1]).max())
    yield Row(
        "in use an answer does not depend on the batch: fixed statistics",
        f"an image alone and among {len(images)}: difference {apart:.1g}",
        same(0, apart, within=1e-5),  # sums in another order round differently
    )
    lines = tuple(Line(words, list(range(len(means))), list(means)) for words, (means, _, _) in watched.items())
    yield Chart("Mean input of layer 4", lines, "update", "deviations from 0")


def network(normalized, dropout, seed):
    """Four convolutions; the fourth is watched."""
    layers = []
    for number in range(4):
        layers += [L.Conv2D(16, 3, padding=1), *([L.BatchNorm2D()] if normalized else []), L.ReLU()]
        layers += [L.MaxPool2D(2)] if number == 1 else []
    head = [L.Dropout(dropout)] if dropout else []
    return minicnn.Graph(L.Sequential(*layers, L.Flatten(), *head, L.Linear(10)), (1, 8, 8), seed=seed)


def watch(normalized, data, updates):
    """Train by single updates: the mean input of the units of layer 4, before the rectifier and in deviations; how gradients turn; the network."""
    net = network(normalized, 0.0, 0)
    trainer = minicnn.Trainer(net, minicnn.optimizers.SGD(learning_rate=0.05, momentum=0.9), batch_size=64)
    images = ((data.images / 255 - data.mean[0]) / data.std[0]).astype(np.float32)
    layer = "bn4" if normalized else "conv4"
    random, means, turns = np.random.default_rng(0), [], []
    for update in range(updates):
        rows = random.choice(len(images), 64, replace=False)
        x, labels = images[rows], data.labels[rows]
        if update % 5 == 0:
            turns.append(turned(net, x, labels, step=0.05))
        trainer.step(x, labels)
        units = net.activations(x, [layer])[layer]
        means.append(float((units.mean(axis=(0, 2, 3)) / units.std(axis=(0, 2, 3))).mean()))
    return np.array(means), np.array(turns), net


def turned(net, x, labels, step):
    """How far the gradient is from what it was, after a step along it, as a share of its norm; the network stays as it is."""
    before = net.backward(x, labels)[1]
    kept = net.parameter_memory.copy()
    for name, values in net.parameters.items():
        values -= step * before[name]
    after = net.backward(x, labels)[1]
    net.parameter_memory[...] = kept
    change, norm = (
        np.sqrt(sum((each**2).sum() for each in part)) for part in ([after[name] - before[name] for name in before], before.values())
    )
    return float(change / norm)


def columns():
    """Scarano's design matrix of 10 rows and 3 columns: each column to mean 0 and deviation 1."""
    x = np.random.default_rng(0).normal(5, [1, 2, 3], (10, 3)).astype(np.float32)
    y = minicnn.kernels.batch_norm_training(x, np.ones(3, np.float32), np.zeros(3, np.float32))[0]
    apart = float(abs(y - (x - x.mean(axis=0)) / x.std(axis=0)).max())
    return Row("H' = (H - mean) / deviation, column by column", f"largest difference {apart:.1g}", same(0, apart, within=1e-4))


LAB = Lab(
    "batchnorm",
    "Batch normalization: activations, rates, batches, dropout",
    sources=(
        "Lipton, Chai: batch normalization (C48 to C56)",
        "Scarano: the design matrix (S35)",
        "Santurkar et al., How Does Batch Normalization Help Optimization?, 2018",
    ),
    look="The curves: without normalization the layers below move what the fourth one sees while it learns. Whether that is why"
    " normalization helps is disputed; that gradients turn less is what Santurkar found.",
    exercises=(
        "Put GroupNorm(4) in its place and repeat the batches. Which sizes suffer no longer?",
        "Put the normalization behind the rectifier. What changes in the first two rows?",
    ),
    run=run,
    seconds=5,
)
