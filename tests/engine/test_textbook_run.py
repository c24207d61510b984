"""What a textbook run tells beside its output: gradients on the way, and the loops that it calls."""

import numpy as np

import minicnn
from minicnn import engine
from minicnn import layers as L
from minicnn.engine.textbook import Pass, Run, operation_of


def network():
    body = L.Residual(L.Conv2D(3, 3, padding=1))
    return minicnn.Graph(
        L.Sequential(L.Conv2D(3, 3), body, L.Dropout(0.5), L.BatchNorm2D(), L.Flatten(), L.Linear(4)), input_shape=(2, 6, 6)
    )


def test_the_gradient_at_a_node_is_what_the_rest_of_the_network_gives_its_input():
    net = network()
    rest = minicnn.Graph(L.Sequential(L.BatchNorm2D(), L.Flatten(), L.Linear(4)), input_shape=(3, 4, 4))
    rest.adopt({name: net.arrays[name] for name in rest.arrays}, "the same weights")
    x, dy = np.random.default_rng(0).standard_normal((2, 2, 6, 6)), np.random.default_rng(1).standard_normal((2, 4))
    parameters = {name: array.astype(np.float64) for name, array in net.arrays.items()}
    run = Run(net.topology, parameters, x, training=True, key=5)
    node = next(node for node in net.nodes if node.layer.kind() == "Dropout")
    given = run.values[next(ref for each in net.nodes if each.name == "bn1" for ref in each.inputs)]
    wanted, _ = Run(rest.topology, {name: parameters[name] for name in rest.arrays}, given, training=True).gradients(dy)
    np.testing.assert_array_equal(run.gradient_at(node, dy), wanted)


def test_backward_from_in_training_mode_is_what_backward_does():
    """Dropout draws from the same key, batch normalization goes by the batch."""
    net, loss = network(), engine.SOFTMAX
    x, labels = np.random.default_rng(0).standard_normal((5, 2, 6, 6)).astype(np.float32), np.array([0, 1, 2, 3, 0])
    key = engine.dropout_key(net.seed, 0)
    run = Run(net.topology, dict(net.arrays), x, training=True, key=key)
    dy = loss.gradient(run.output, labels, net.input_shape)
    _, gradients = engine.backward_from(net, x, dy.astype(np.float32), key=key)
    _, wanted = net.backward(x, labels)
    for name, gradient in wanted.items():
        np.testing.assert_allclose(gradients[name], gradient, atol=2e-6 * max(abs(gradient).max(), 1e-2), err_msg=name)
    _, without = engine.backward_from(net, x, dy.astype(np.float32))
    assert abs(without["conv1.weight"] - wanted["conv1.weight"]).max() > 1e-4  # another mode, another plan


def own_map(k, p, q, c, r, s):
    return c, p + r, (q + s) % 5, (k * 2 + r) * 2 + s


def test_a_convolution_of_ones_own_runs_by_its_textbook_loops_in_float32_too():
    net = minicnn.Graph(L.Variant(own_map, output_shape=(2, 4, 5), taps=(1, 2, 2), compiled=False), input_shape=(1, 5, 5))
    (node,) = net.nodes
    x, dy = (np.random.default_rng(n).standard_normal(shape).astype(np.float32) for n, shape in enumerate(((2, 1, 5, 5), (2, 2, 4, 5))))
    at = Pass(node, {"weight": net.parameters["variant1.weight"], "bias": net.parameters["variant1.bias"]}, [x], noted=[])
    y = operation_of(node.layer).forward(at)
    (dx,), gradients = operation_of(node.layer).backward(at, dy)
    assert [called.loop.__name__ for called in at.noted] == [
        *("variant_forward", "variant_backward_input", "variant_backward_weight", "conv2d_backward_bias")
    ]
    own = node.layer.convolution((1, 5, 5))
    weight, bias = (at.parameters[name].astype(np.float64) for name in ("weight", "bias"))
    np.testing.assert_allclose(y, own.forward(x.astype(np.float64), weight, bias), rtol=1e-5, atol=1e-6)  # float32 products
    np.testing.assert_allclose(dx, own.backward_input(dy.astype(np.float64), weight), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(gradients["weight"], own.backward_weight(dy.astype(np.float64), x.astype(np.float64)), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(gradients["bias"], dy.sum((0, 2, 3)), rtol=1e-5)
