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


@pytest.mark.filterwarnings("ignore::minicnn.errors.LearningWarning")  # of labels that are noise, as some checks have them
@sklearn_checks.parametrize_with_checks(
    [CNNClassifier(), CNNRegressor()], expected_failed_checks=lambda estimator: REASONS[type(estimator)]
)
def test_a_check_of_scikit_learn(estimator, check):
    check(estimator)
