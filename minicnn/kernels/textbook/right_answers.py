"""How many answers of each image are right: the class with the largest score is the answer, at every position.

Letters: N images, K classes, L positions, F outputs (all axes but images flattened).

    y (N, K, L)    target (N, L) int64, or (N, K, L) float, the share of each class    right_per_image (N,)
    y (N, F) that say yes where they are above 0       target (N, F)

A single channel of scores, K = 1, is that of class 1 against a class 0 whose score is 0.  NaN answers nothing.
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def right_answers_forward(right_per_image, y, target, ignore_index):
    """right_per_image[n] = number of l with target[n,l] not ignore_index, and y[n,target[n,l],l] the largest of y[n,:,l], the first of equals.

    A position where a score is NaN is answered by no class.

    Parameters
    ----------
    right_per_image : (N,) float, written
    y : (N, K, L) float
    target : (N, L) int64
    ignore_index : int
    """
    N, K, L = y.shape
    for n in range(N):
        right = np.float64(0.0)
        for l in range(L):
            answer = 1 if K == 1 and y[n, 0, l] > 0.0 else 0
            largest = np.float64(y[n, 0, l])
            numbers = largest == largest
            for k in range(1, K):
                value = np.float64(y[n, k, l])
                numbers = numbers and value == value
                if value > largest:
                    answer = k
                    largest = value
            right += 1.0 if numbers and answer == target[n, l] and target[n, l] != ignore_index else 0.0
        right_per_image[n] = right


@kernel
def right_shares_forward(right_per_image, y, target):
    """right_per_image[n] = number of l where the largest of y[n,:,l] and of target[n,:,l] are of one class, the first of equals.

    Parameters
    ----------
    right_per_image : (N,) float, written
    y : (N, K, L) float
    target : (N, K, L) float
    """
    N, K, L = y.shape
    for n in range(N):
        right = np.float64(0.0)
        for l in range(L):
            answer = 0
            truth = 0
            largest = np.float64(y[n, 0, l])
            largest_share = np.float64(target[n, 0, l])
            numbers = largest == largest
            for k in range(1, K):
                value = np.float64(y[n, k, l])
                share = np.float64(target[n, k, l])
                numbers = numbers and value == value
                if value > largest:
                    answer = k
                    largest = value
                if share > largest_share:
                    truth = k
                    largest_share = share
            right += 1.0 if numbers and answer == truth else 0.0
        right_per_image[n] = right


@kernel
def right_decisions_forward(right_per_image, y, target):
    """right_per_image[n] = number of f where y[n,f] is above 0 and target[n,f] at least 1/2, or neither.

    Parameters
    ----------
    right_per_image : (N,) float, written
    y : (N, F) float
    target : (N, F) float or int64, between 0 and 1
    """
    N, F = y.shape
    for n in range(N):
        right = np.float64(0.0)
        for f in range(F):
            score = np.float64(y[n, f])
            right += 1.0 if score == score and (score > 0.0) == (target[n, f] >= 0.5) else 0.0
        right_per_image[n] = right
