"""Random bits without a state: a pure function of (key, image, element), so that any thread, lane or device can compute any of them.

Dropout's mask is recomputed from these in the backward pass instead of being kept, and has the same bits however the batch is cut
into shards.
Only multiplication, xor, shift and addition on 32 bits are used, so that plain Python, compiled scalars, SIMD lanes and CUDA threads agree.

Each of the three words goes through one round of a 32-bit finaliser (xor a shift of itself, multiply by an odd constant: every step can be
undone, so nothing is lost, and every input bit reaches every output bit).  Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as
easy as 1, 2, 3", 2011, for the idea; Wellons, "Prospecting for hash functions", 2018, for the constants of the round (`lowbias32`).
Good for masks and noise, not for secrets.
"""

MASK = 0xFFFFFFFF
START = 0x6A09E667  # the fraction of sqrt(2): a round turns zero into zero, and (0, 0, 0) is a likely first question
IMAGE_FACTOR = 0x9E3779B1  # odd, near 2**32 / golden ratio: neighbouring counters start far apart
ELEMENT_FACTOR = 0x85EBCA77  # odd, unrelated to the other
FIRST_FACTOR = 0x7FEB352D
SECOND_FACTOR = 0x846CA68B


def uniform_bits(key, image, element):
    """32 random bits as an integer 0 <= bits < 2**32.

    Parameters
    ----------
    key : int, 0 <= key < 2**32
        One per use: derive it from seed, layer and step.
    image, element : int, >= 0
        Position of the image in the whole batch, flat position of the element in its image; only the lower 32 bits count.
    """
    bits = START
    for word in (key & MASK, (image * IMAGE_FACTOR) & MASK, (element * ELEMENT_FACTOR) & MASK):
        bits ^= word
        bits ^= bits >> 16
        bits = (bits * FIRST_FACTOR) & MASK
        bits ^= bits >> 15
        bits = (bits * SECOND_FACTOR) & MASK
        bits ^= bits >> 16
    return bits


def drop_threshold(rate):
    """The number below which `uniform_bits` drops an element, so that a share `rate` of all elements is dropped."""
    return int(rate * 4294967296.0 + 0.5)
