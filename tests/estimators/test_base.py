"""What both estimators share: shapes, networks, continued training, copies, and scikit-learn's tools."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is an extra: pip install minicnn[sklearn]")

from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import minicnn
from minicnn import layers as L
from minicnn.errors import GraphError, SettingError, ShapeError
from minicnn.estimators import CNNClassifier, CNNRegressor
from minicnn.estimators.usual_network import usual_network
from minicnn.optimizers import SGD

DRAWN = np.random.default_rng(0)
X = DRAWN.normal(size=(50, 6))
Y = np.where(X[:, 0] + X[:, 1] ** 2 > 0.5, "high", "low")
NUMBERS = X[:, 0] * X[:, 1]
BOTH = pytest.mark.parametrize(("kind", "y"), [(CNNClassifier, Y), (CNNRegressor, NUMBERS)])


def said(model, x=X):
    return model.predict_proba(x) if isinstance(model, CNNClassifier) else model.predict(x)


@BOTH
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))], ids=["deepcopy", "pickle"])
def test_a_copy_has_the_same_bits_and_learns_on_as_the_original(kind, y, copied):
    model = kind(epochs=3, warm_start=True).fit(X, y)
    other = copied(model)
    np.testing.assert_array_equal(said(other), said(model))
    np.testing.assert_array_equal(said(other.partial_fit(X, y)), said(model.partial_fit(X, y)))
    np.testing.assert_array_equal(said(other.fit(X, y)), said(model.fit(X, y)))


@BOTH
def test_a_clone_has_the_settings_and_learns_the_same_bits(kind, y):
    model = kind(L.Sequential(L.Flatten(), L.Linear(8), L.ReLU(), L.Linear(2 if y is Y else 1)), optimizer=SGD(0.05), epochs=3).fit(X, y)
    other = clone(model)
    assert not hasattr(other, "net_")
    assert other.get_params()["optimizer"] == SGD(0.05)
    np.testing.assert_array_equal(said(other.fit(X, y)), said(model))


@BOTH
def test_calls_of_partial_fit_are_epochs_of_fit(kind, y):
    whole, parts = kind(epochs=3, schedule="constant").fit(X, y), kind()
    for _ in range(3):
        parts.partial_fit(X, y)
    np.testing.assert_array_equal(said(parts), said(whole))
    assert parts.n_iter_ == whole.n_iter_ == 3


@BOTH
def test_a_warm_start_continues_and_a_cold_one_does_not(kind, y):
    whole = kind(epochs=5, schedule="constant").fit(X, y)
    warm = kind(epochs=2, schedule="constant", warm_start=True).fit(X, y).set_params(epochs=3).fit(X, y)
    np.testing.assert_array_equal(said(warm), said(whole))
    assert warm.n_iter_ == 5
    np.testing.assert_array_equal(said(whole.fit(X, y)), said(clone(whole).fit(X, y)))


@BOTH
def test_a_row_has_the_same_bits_whatever_stands_beside_it(kind, y):
    model = kind(epochs=3).fit(X, y)
    whole = said(model)
    for count in (1, 2, 7, 8, 15, 16, 17, 33):
        np.testing.assert_array_equal(said(model, X[:count]), whole[:count])


@BOTH
def test_the_bits_do_not_depend_on_threads(kind, y):
    one, two = (kind(epochs=3, threads=threads).fit(X, y) for threads in (1, 2))
    np.testing.assert_array_equal(said(one), said(two))


@BOTH
def test_a_random_state_is_a_number_or_a_stream(kind, y):
    def seeded(state):
        return kind(epochs=1, random_state=state).fit(X, y)

    assert seeded(5).seed_ == 5
    stream = np.random.RandomState(3)
    first, second = seeded(stream), seeded(stream)
    assert first.seed_ != second.seed_
    assert seeded(np.random.RandomState(3)).seed_ == first.seed_


@BOTH
def test_the_best_of_the_held_out_epochs_is_kept_and_patience_ends(kind, y):
    model = kind(epochs=100, validation_fraction=0.3, patience=3).fit(X, y)
    assert model.history_.watched == "validation"
    assert model.n_iter_ == model.history_.best.epoch + 3 < 100


def test_patience_needs_rows_that_are_held_out():
    with pytest.raises(SettingError, match=r"CNNClassifier: patience needs images .*\n  use validation_fraction=0.1"):
        CNNClassifier(patience=3).fit(X, Y)


def test_features_are_a_signal_of_one_channel_and_images_keep_their_shape():
    y = Y[:20]
    for shape, wanted in (((6,), (1, 6)), ((4, 3), (1, 4, 3)), ((2, 4, 3), (2, 4, 3)), ((2, 2, 4, 3), (2, 2, 4, 3))):
        model = CNNClassifier(epochs=1).fit(DRAWN.normal(size=(20, *shape)), y)
        assert model.input_shape_ == wanted
        assert model.n_features_in_ == shape[0]


def test_features_brought_to_the_shape_of_images_are_these_images():
    images = DRAWN.normal(size=(20, 2, 3, 4))
    flat = CNNClassifier(epochs=2, image_shape=(2, 3, 4)).fit(images.reshape(20, -1), Y[:20])
    np.testing.assert_array_equal(said(flat, images.reshape(20, -1)), said(CNNClassifier(epochs=2).fit(images, Y[:20]), images))


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="a row of X has 6 numbers, but image_shape is 1 x 2 x 2"):
        CNNClassifier(image_shape=(1, 2, 2)).fit(X, Y)
    with pytest.raises(ShapeError, match="X holds images of 1 x 2 x 4, but it was fitted to 1 x 2 x 3"):
        CNNClassifier(epochs=1).fit(X.reshape(50, 2, 3), Y).predict(np.ones((1, 2, 4)))
    with pytest.raises(ShapeError, match="must be C x L, C x H x W or C x D x H x W"):
        CNNClassifier().fit(np.ones((4, 1, 1, 1, 1, 1)), [0, 1, 0, 1])


def test_a_network_of_the_zoo_is_built_for_the_classes():
    model = CNNClassifier("mnist1d-cnn", epochs=1).fit(DRAWN.normal(size=(20, 40)), Y[:20])
    assert model.net_.name == "mnist1d-cnn"
    assert model.net_.output_shape == (2,)


def test_a_network_with_another_number_of_outputs_is_refused():
    with pytest.raises(GraphError, match=r"gives 3 for an image, but y asks for 2\n  end it with Linear\(2\)"):
        CNNClassifier(L.Sequential(L.Flatten(), L.Linear(3))).fit(X, Y)
    with pytest.raises(SettingError, match="network is 7, but must be a name of the zoo, a layer or block, or None"):
        CNNClassifier(7).fit(X, Y)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (1, 200), (3, 1, 1), (1, 8, 8), (1, 28, 28), (3, 9, 100), (1, 8, 8, 8), (2, 1, 3, 9)])
def test_the_usual_network_fits_every_shape(shape):
    net = minicnn.Graph(usual_network(shape, 5), shape)
    assert net.output_shape == (5,)
    assert sum(node.layer.kind_of_work == "convolution" for node in net.nodes) >= 2


@pytest.mark.filterwarnings("ignore::minicnn.errors.LearningWarning")  # of the rate that is too small
def test_settings_are_searched_within_a_pipeline():
    chain = Pipeline([("scale", StandardScaler()), ("cnn", CNNClassifier(epochs=40))])
    search = GridSearchCV(chain, {"cnn__learning_rate": [1e-6, 0.003], "cnn__optimizer": ["adam"]}, cv=3).fit(X, Y)
    assert search.best_params_["cnn__learning_rate"] == 0.003
    assert search.predict(X).shape == (50,)
    assert cross_val_score(CNNRegressor(epochs=2), X, NUMBERS, cv=3).shape == (3,)


def test_a_learning_rate_replaces_that_of_the_optimizer():
    model = CNNClassifier(optimizer=SGD(0.1, momentum=0.5), learning_rate=0.25, epochs=1).fit(X, Y)
    assert model._optimizer() == SGD(0.25, momentum=0.5)


def test_training_is_silent(capfd):
    CNNClassifier(epochs=2).fit(X, Y)
    assert capfd.readouterr() == ("", "")


def run(program):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_without_scikit_learn_one_line_says_how_to_install_it():
    program = "import sys; sys.modules['sklearn'] = None; from minicnn import *; CNNRegressor(epochs=3)"
    assert run(program).stderr.splitlines()[-1] == (
        "minicnn.errors.SettingError: CNNRegressor needs scikit-learn, which is not installed: pip install minicnn[sklearn]"
    )


def test_scikit_learn_is_imported_when_an_estimator_is_asked_for():
    told = run(
        "import sys, minicnn, minicnn.train, minicnn.zoo; print('sklearn' in sys.modules); minicnn.CNNClassifier; print('sklearn' in sys.modules)"
    )
    assert told.stdout.split() == ["False", "True"]
