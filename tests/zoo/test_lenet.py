"""LeNet: the counts every lecture quotes."""

from minicnn import zoo


def test_counts():
    summary = zoo.build("lenet").summary()
    assert [(row.name, row.output_shape, row.params) for row in summary.layers if row.params] == [
        ("conv1", (6, 28, 28), 156), ("conv2", (16, 10, 10), 2_416), ("fc1", (120,), 48_120), ("fc2", (84,), 10_164), ("fc3", (10,), 850)]
    assert summary.totals.params == 61_706
    assert summary.totals.macs == 416_520
    pool2 = next(row for row in summary.layers if row.name == "pool2")
    assert (pool2.receptive_field, pool2.jump) == ((16, 16), (4, 4))


def test_the_connections_lecun_counted():
    """C1 of the 1998 paper has 122,304 connections."""
    assert zoo.build("lenet").summary().layers[0].connections == 122_304


def test_other_inputs_and_classes():
    net = zoo.build("lenet", classes=47, input_shape=(3, 32, 32))
    assert net.input_shape == (3, 32, 32)
    assert net.classes == 47
