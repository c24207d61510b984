"""What happens around an optimizer's step: clipping, accumulation, averages, and weight decay that spares biases."""

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.errors import SettingError
from minicnn.optimizers import SGD, Adam, AdamW

RNG = np.random.default_rng(0)
X, LABELS = RNG.standard_normal((96, 1, 8, 8)).astype(np.float32), RNG.integers(0, 10, 96)


def network(normalized=True, seed=1):
    middle = (L.BatchNorm2D(),) if normalized else ()
    return minicnn.Graph(L.Sequential(L.Conv2D(20, 3), *middle, L.ReLU(), L.Flatten(), L.Linear(10)), (1, 8, 8), seed=seed)


def trainer(optimizer=None, normalized=True, **settings):
    return minicnn.Trainer(network(normalized), optimizer or SGD(0.05, weight_decay=0.01), **settings)


def norm_of(gradients):
    return np.sqrt(sum((gradient.astype(np.float64) ** 2).sum() for gradient in gradients.values()))


@pytest.mark.parametrize("share", [0.3, 0.999, 2.0])
def test_a_gradient_longer_than_clip_norm_is_shortened_to_it(share):
    net = network()
    _, gradients = net.backward(X, LABELS)
    norm = norm_of(gradients)
    clipped = trainer(SGD(0.5, momentum=0.0), clip_norm=share * norm)
    clipped.step(X, LABELS)
    factor = min(1.0, share * norm / (norm + 1e-6))
    for name, gradient in gradients.items():
        np.testing.assert_allclose(clipped.net.parameters[name], net.parameters[name] - 0.5 * factor * gradient, rtol=0, atol=2e-6)


def test_clipping_does_what_torch_does():
    torch = pytest.importorskip("torch")
    net = network()
    _, gradients = net.backward(X, LABELS)
    tensors = [torch.zeros(value.shape) for value in gradients.values()]
    for tensor, value in zip(tensors, gradients.values(), strict=True):
        tensor.grad = torch.from_numpy(value.copy())
    torch.nn.utils.clip_grad_norm_(tensors, 0.25)
    clipped = trainer(SGD(1.0, momentum=0.0), clip_norm=0.25)
    clipped.step(X, LABELS)
    for (name, value), tensor in zip(net.parameters.items(), tensors, strict=True):
        np.testing.assert_allclose(clipped.net.parameters[name], value - tensor.grad.numpy(), rtol=0, atol=1e-6)


def test_a_gradient_that_is_no_number_is_not_hidden_by_clipping():
    """As without clipping: the loss after it is lost."""
    lost = trainer(SGD(0.1), clip_norm=1.0, normalized=False)
    lost.net.parameters["conv1.weight"][...] = 1e38
    with pytest.raises(SettingError, match=r"^the loss is no longer a number in epoch 1"):
        lost.fit((X * np.float32(1e3), LABELS), epochs=3)


@pytest.mark.parametrize("settings", [{}, {"clip_norm": 0.1}, {"ema": 0.9, "clip_norm": 0.1}], ids=["alone", "clipped", "averaged"])
@pytest.mark.parametrize("images", [96, 90], ids=["whole", "with a rest"])
def test_batches_of_one_update_do_what_one_batch_of_their_images_does(settings, images):
    data = X[:images], LABELS[:images]
    parts = trainer(Adam(0.01), normalized=False, batch_size=16, accumulate=3, **settings)
    whole = trainer(Adam(0.01), normalized=False, batch_size=48, **settings)
    for each in (parts, whole):
        each.fit(data, epochs=3, schedule="cosine")
    assert parts.steps == whole.steps == 6
    np.testing.assert_allclose(parts.net.parameter_memory, whole.net.parameter_memory, rtol=0, atol=2e-4)  # Adam divides small by small
    first, last = (each.history[0] for each in (parts, whole))
    assert first.train_loss == pytest.approx(last.train_loss, rel=1e-4)


def test_the_average_follows_the_weights_and_the_running_statistics():
    """By hand, with a decay that is shorter at first."""
    averaging = trainer(ema=0.5)
    average = averaging.net.parameter_memory.copy()
    for step in range(1, 5):
        averaging.step(X, LABELS)
        decay = min(0.5, (1 + step) / (10 + step))
        average += np.float32(1 - decay) * (averaging.net.parameter_memory - average)
        np.testing.assert_allclose(averaging.evaluated_weights(), average, rtol=0, atol=1e-6)
    assert not np.allclose(average, averaging.net.parameter_memory, atol=1e-3)


def test_averaged_weights_are_evaluated_and_kept():
    averaging, plain = trainer(ema=0.9, batch_size=16), trainer(batch_size=16)
    kept = averaging.fit((X, LABELS), (X, LABELS), epochs=2)
    plain.fit((X, LABELS), (X, LABELS), epochs=2)
    assert averaging.history[-1].train_loss == plain.history[-1].train_loss  # training itself is the same
    assert averaging.history[-1].test_loss != plain.history[-1].test_loss
    np.testing.assert_array_equal(averaging.net.parameter_memory, averaging.evaluated_weights())
    assert averaging.evaluate((X, LABELS)).loss == pytest.approx(kept.records[-1].test_loss, rel=1e-6)


@pytest.mark.parametrize("kind", [SGD, AdamW])
def test_decay_of_weights_alone_spares_biases_and_normalizations(kind):
    """Against one update without decay: what it spares has the same bits, what it reaches has not."""
    spared, plain, all_of_them = (
        trainer(kind(0.05, weight_decay=decay, decay=which)) for decay, which in ((0.1, "weights"), (0.0, "all"), (0.1, "all"))
    )
    for each in (spared, plain, all_of_them):
        for value in each.net.parameters.values():
            value += np.float32(0.5)
        each.step(X, LABELS)
    for name, value in spared.net.parameters.items():
        like = plain if value.ndim == 1 else all_of_them
        np.testing.assert_array_equal(value, like.net.parameters[name], err_msg=name)
        assert (plain.net.parameters[name] != all_of_them.net.parameters[name]).any()


SETTINGS = {
    "clipped": {"clip_norm": 0.5},
    "accumulated": {"accumulate": 3},
    "averaged": {"ema": 0.9},
    "all": {"clip_norm": 0.5, "accumulate": 3, "ema": 0.9},
}


def trained(threads, settings):
    each = trainer(AdamW(0.01, decay="weights"), batch_size=10, threads=threads, **settings)
    *_, _ = each.stream((X, LABELS), (X, LABELS), until_epoch=3, schedule="cosine", augment="shift")
    return each


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_any_number_of_threads_gives_the_same_bits(settings):
    one = trained(1, settings)
    for threads in (2, 3):
        many = trained(threads, settings)
        np.testing.assert_array_equal(many.net.parameter_memory, one.net.parameter_memory)
        np.testing.assert_array_equal(many.optimizer_state(), one.optimizer_state())
        assert [each.test_loss for each in many.history] == [each.test_loss for each in one.history]


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_a_training_that_is_stopped_anywhere_and_restored_ends_with_the_same_bits(settings, monkeypatch):
    monkeypatch.setattr("minicnn.train.course.REPORT_SECONDS", 0.0)  # a record after every batch
    whole, rng = trained(2, settings), np.random.default_rng(4)
    for _ in range(4):
        stop, checkpoint = int(rng.integers(2, 33)), None
        for resumed in (False, True):
            each = trainer(AdamW(0.01, decay="weights"), batch_size=10, threads=2, **settings)
            if checkpoint is not None:
                each.restore(*checkpoint)
            records = each.stream((X, LABELS), (X, LABELS), until_epoch=3, schedule="cosine", augment="shift")
            for number, _ in enumerate(records):
                if number == stop and not resumed:
                    each.stop()
            checkpoint = each.checkpoint()
        np.testing.assert_array_equal(each.net.parameter_memory, whole.net.parameter_memory, err_msg=f"stopped after record {stop}")
        np.testing.assert_array_equal(each.optimizer_state(), whole.optimizer_state())
        assert [record.test_loss for record in each.history] == [record.test_loss for record in whole.history]
        assert each.steps == whole.steps


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"clip_norm": 0}, "clip_norm is 0, but must be a number above 0, or None for none"),
        ({"clip_norm": "1"}, "clip_norm is '1', but must be a number above 0"),
        ({"ema": 1}, "ema is 1, but must be a number above 0 and below 1, such as 0.999, or None for none"),
        ({"ema": True}, "ema is True, but must be"),
        ({"accumulate": 0}, "accumulate is 0, but must be"),
        ({"clip_norm": float("nan")}, "clip_norm is nan, but must be"),
    ],
)
def test_settings_out_of_range(settings, words):
    with pytest.raises(SettingError, match=f"^Trainer: {words}"):
        trainer(**settings)
