"""What training minimizes: one loss per file."""

from minicnn.losses.softmax_cross_entropy import SoftmaxCrossEntropy, are_numbers, check_scores, log_probabilities, probabilities

__all__ = ["SoftmaxCrossEntropy", "are_numbers", "check_scores", "log_probabilities", "probabilities"]
