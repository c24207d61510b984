"""The gradient of softmax and cross-entropy, taken together."""

import numpy as np

from minicnn.exercises.exercise import Case, Exercise, Mistake


def softmax_gradient(dlogits, logits, labels):
    """The gradient of the mean cross-entropy of a softmax with respect to its scores.

        dlogits[n,k] = (p[n,k] - (1 if k is labels[n] else 0)) / N
        where  p[n,k] = exp(logits[n,k] - largest) / sum over j of exp(logits[n,j] - largest),   largest = max over j of logits[n,j]

    Without the largest one p would be the same, but exp of a large score is infinite.

    Parameters
    ----------
    dlogits : (N, K) float, written
        Every element is written; the old content is not read.
    logits : (N, K) float
    labels : (N,) int
    """
    N, K = logits.shape
    for n in range(N):
        largest = np.float64(logits[n, 0])
        for j in range(K):
            largest = max(largest, logits[n, j])
        total = np.float64(0.0)
        for j in range(K):
            total += np.exp(logits[n, j] - largest)
        for k in range(K):
            truth = 1.0 if k == labels[n] else 0.0
            dlogits[n, k] = (np.exp(logits[n, k] - largest) / total - truth) / N


def cases():
    for name, logits, labels in (
        ("two images, three classes", [[1.0, 2.0, 0.5], [-1.0, 0.25, 3.0]], [1, 0]),
        ("one class is certain", [[0.0, 9.0, -9.0, 1.0], [4.0, -2.0, 1.5, 0.0], [0.5, 0.0, 0.25, 2.0]], [3, 0, 1]),
        ("large scores", [[1000.0, 999.0, 998.5, 0.0], [-1200.0, -1201.0, -1199.5, -1200.5]], [0, 3]),
    ):
        yield Case(name, {"dlogits": (len(logits), len(logits[0]))}, {"logits": np.array(logits), "labels": np.array(labels)})


EXERCISE = Exercise(
    "softmax-gradient",
    "Softmax and cross-entropy, gradient",
    softmax_gradient,
    cases,
    outputs=("dlogits",),
    reads="logits",
    mistakes=(
        Mistake("the gradient is not divided by the number of images", {") / N": ")"}),
        Mistake("the gradient is divided by the number of classes, not of images", {") / N": ") / K"}),
        Mistake("the truth is not subtracted: these are the probabilities", {"- truth": ""}),
        Mistake(
            "the sign is wrong: truth minus probability",
            {"np.exp(logits[n, k] - largest) / total - truth": "truth - np.exp(logits[n, k] - largest) / total"},
        ),
        Mistake("the truth is added, not subtracted", {"- truth": "+ truth"}),
        Mistake("the exponentials are not divided by their sum", {" / total": ""}),
        Mistake(
            "there is no exponential", {"np.exp(logits[n, j] - largest)": "logits[n, j]", "np.exp(logits[n, k] - largest)": "logits[n, k]"}
        ),
        Mistake(
            "the largest score is not subtracted", {"logits[n, j] - largest": "logits[n, j]", "logits[n, k] - largest": "logits[n, k]"}
        ),
        Mistake("the largest score is subtracted in the sum only", {"logits[n, k] - largest": "logits[n, k]"}),
        Mistake(
            "the sum leaves out the first class",
            {"total = np.float64(0.0)\n        for j in range(K)": "total = np.float64(0.0)\n        for j in range(1, K)"},
        ),
        Mistake(
            "the sum leaves out the last class",
            {"total = np.float64(0.0)\n        for j in range(K)": "total = np.float64(0.0)\n        for j in range(K - 1)"},
        ),
        Mistake("labels are counted from 1", {"k == labels[n]": "k + 1 == labels[n]"}),
        Mistake("every image has the label of the first one", {"k == labels[n]": "k == labels[0]"}),
        Mistake("the label's gradient alone is written, the others are 0", {"dlogits[n, k] = (": "dlogits[n, k] = truth * ("}),
    ),
)
