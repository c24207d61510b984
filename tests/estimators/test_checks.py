"""scikit-learn's own checks of estimators."""

import pytest

sklearn_checks = pytest.importorskip("sklearn.utils.estimator_checks", reason="scikit-learn is an extra: pip install minicnn[sklearn]")

from minicnn.estimators import CNNClassifier, CNNRegressor  # noqa: E402   # they need scikit-learn

REASONS = {
    CNNClassifier: {
        "check_sample_weight_equivalence_on_dense_data": "rows repeated are other batches than rows of weight 2: not the same to 7 digits",
    },
    CNNRegressor: {},
}


CASES = [
    case
    for kind, reasons in REASONS.items()
    for case in sklearn_checks.estimator_checks_generator(kind(), expected_failed_checks=reasons, mark="xfail")
]


def name(argument):
    """Of an estimator, or of a check with its settings."""
    return type(argument).__name__ if hasattr(argument, "fit") else argument.func.__name__


@pytest.mark.filterwarnings("ignore::minicnn.errors.LearningWarning")  # of labels that are noise, as some checks have them
@pytest.mark.parametrize(("estimator", "check"), CASES, ids=name)
def test_a_check_of_scikit_learn(estimator, check):
    check(estimator)
