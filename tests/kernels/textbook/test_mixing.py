"""Mixup: how shares are distributed, who is whose partner, and what becomes of the loss."""

import numpy as np
import pytest

from minicnn.kernels import textbook

IMAGES = 1 << 16


@pytest.mark.parametrize("alpha", [0.05, 0.2, 1.0, 4.0, 60.0])
def test_shares_are_the_larger_parts_of_symmetric_beta_numbers(alpha):
    """Their distribution functions: that of `IMAGES` numbers is off by less than 2 / sqrt(IMAGES) but for one in 1,500; two are compared."""
    shares = np.empty((IMAGES, 1))
    textbook.mixup_draw_forward(shares, np.random.default_rng(0).random((IMAGES, 2)), alpha)
    beta = np.random.default_rng(1).beta(alpha, alpha, IMAGES)
    at = np.linspace(0.5, 1, 200)
    own, wanted = (np.searchsorted(np.sort(each), at) / IMAGES for each in (shares[:, 0], np.maximum(beta, 1 - beta)))
    assert np.abs(own - wanted).max() < 4 / IMAGES**0.5
    assert 0.5 <= shares.min() <= shares.max() <= 1


@pytest.mark.parametrize("chance", [(0, 0), (0, 0.25), (1 - 2**-24, 0.25), (1 - 2**-24, 0), (2**-24, 0.75)])
@pytest.mark.parametrize("alpha", [1e-6, 0.2, 1000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_chance_gives_a_share_that_is_none(chance, alpha, dtype):
    shares = np.empty((1, 1), dtype)
    textbook.mixup_draw_forward(shares, np.array([chance], dtype), alpha)
    assert 0.5 <= shares[0, 0] <= 1


@pytest.mark.parametrize(("images", "shard"), [(40, 16), (17, 16), (1, 16), (2, 16), (7, 7), (33, 32)])
def test_every_image_is_the_partner_of_another_one_of_its_shard(images, shard):
    own = np.arange(images)[:, None]
    turns = set()
    for key in range(400):
        partner = np.empty_like(own)
        textbook.partner_forward(partner, own, key, shard)
        assert (np.sort(partner, 0) == own).all()
        assert (partner // shard == own // shard).all()
        alone = own // shard * shard == images - 1
        assert ((partner == own) == alone).all()
        turns.add(int(partner[0, 0]))
    assert turns == set(range(1, min(shard, images))) or images == 1


def test_images_and_losses_by_hand():
    x, partner, numbers = np.array([[[8.0]], [[1.0]]]), np.array([[[4.0]], [[3.0]]]), np.array([[0.75], [1.0]])
    y = np.empty_like(x)
    textbook.mix_forward(y, x, partner, numbers)
    assert y.ravel().tolist() == [7, 1]
    own, other = np.empty(2), np.empty(2)
    textbook.mix_backward(own, other, np.array([4.0, 2.0]), numbers)
    assert (own.tolist(), other.tolist()) == ([3, 2], [1, 0])
