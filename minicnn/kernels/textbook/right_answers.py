"""How many answers of each image are right: the class with the largest score is the answer, at every position.

Letters: N images, K classes, L positions.

    y (N, K, L)    target (N, L) int64    right_per_image (N,)
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
            answer = 0
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
