"""Chance for changes of images: numbers between 0 and 1, a pure function of (key, image, number), see `minicnn.kernels.random_bits`.

    chance (N, F): F numbers for each of N images

Of the 32 random bits the upper 24 are taken: all that a float32 holds, so that every machine has the same numbers, and none is 1.
"""

from minicnn.kernels.textbook.compile import kernel, uniform_bits

STEP = 2.0**-24


@kernel
def chance_forward(chance, key, first_image):
    """chance[n,f] = (bits(key, first_image + n, f) // 256) / 2**24, at least 0 and below 1

    Parameters
    ----------
    chance : (N, F) float, written
    key : int, 0 <= key < 2**32
    first_image : int
        Position of image 0 of this array in the whole batch.
    """
    N, F = chance.shape
    for n in range(N):
        for f in range(F):
            chance[n, f] = (uniform_bits(key, first_image + n, f) // 256) * STEP
