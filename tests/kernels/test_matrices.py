"""Convolution written out as a matrix: Toeplitz on lines, doubly block Toeplitz on images, circulant on a ring."""

from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import kernels
from minicnn.errors import SettingError, ShapeError
from minicnn.kernels.algorithms import circulant

from .comparing import AXES, fewer, generated, poison, seeds, wide  # noqa: F401
from .convolving import convolutions, passes

EPSILON = float(np.finfo(np.float64).eps)


class TestConvMatrix:
    @pytest.mark.parametrize("axes", AXES)
    def test_is_the_convolution(self, axes):
        """conv_matrix @ x = conv(x), and transposed the gradient of x: the same sums in another order."""

        @fewer(2 if axes < 3 else 4)
        @given(case=convolutions("conv", axes))
        def compare(case):
            case = case._replace(x_shape=(min(3, case.x_shape[0]), *case.x_shape[1:]))
            x, weight, _ = map(wide, case.arrays())
            bias = np.zeros(len(weight))
            matrix = kernels.conv_matrix(weight, x.shape, **case.settings)
            y = passes(case, x, weight, bias)
            dy = wide(case.gradient(y.shape))
            _, dx, _, _ = passes(case, x, weight, bias, dy)
            assert matrix.dtype == np.float64
            assert matrix.shape == (y.size, x.size)
            for got, want, terms in ((matrix @ x.ravel(), y, prod(weight.shape[1:])), (matrix.T @ dy.ravel(), dx, weight.size)):
                assert abs(got - want.ravel()).max() <= EPSILON * terms**2  # n roundings of sums up to n
            assert np.array_equal(kernels.conv_matrix(weight.astype(np.float32), x.shape, **case.settings), matrix.astype(np.float32))

        compare()

    def test_toeplitz(self):
        """Constant along every diagonal."""
        matrix = kernels.conv_matrix(np.array([[[1.0, 2.0, 3.0]]]), (1, 1, 6))
        assert matrix.tolist() == [[1, 2, 3, 0, 0, 0], [0, 1, 2, 3, 0, 0], [0, 0, 1, 2, 3, 0], [0, 0, 0, 1, 2, 3]]

    def test_doubly_block_toeplitz(self):
        """A matrix of 3 x 4 blocks, constant along diagonals of blocks, each block a Toeplitz matrix of 4 x 5."""
        matrix = kernels.conv_matrix(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), (1, 1, 4, 5)).reshape(3, 4, 4, 5).transpose(0, 2, 1, 3)
        first, second = kernels.conv_matrix(np.array([[[1.0, 2.0]]]), (1, 1, 5)), kernels.conv_matrix(np.array([[[3.0, 4.0]]]), (1, 1, 5))
        for p in range(3):
            for h in range(4):
                assert np.array_equal(matrix[p, h], first if h == p else second if h == p + 1 else np.zeros((4, 5)))

    def test_as_many_numbers_as_the_convolution_has_connections(self):
        """Two weights in each row, all others zeros."""
        matrix = kernels.conv_matrix(np.array([[[[1.0, -1.0]]]]), (1, 1, 28, 11))
        assert matrix.shape == (28 * 10, 28 * 11)
        assert np.count_nonzero(matrix) == 2 * 28 * 10
        assert set(np.unique(matrix)) == {-1, 0, 1}

    @pytest.mark.parametrize(
        ("call", "error", "words"),
        [
            (lambda: kernels.conv_matrix(np.ones((1, 1)), (1, 1)), ShapeError, r"^conv_matrix: weight has 2 axes, but needs 3, 4 or 5\n"),
            (
                lambda: kernels.conv_matrix(np.ones((1, 1, 2)), (1, 1)),
                ShapeError,
                r"^conv_matrix: x_shape \(1, 1\) has 2 sizes, but needs 3",
            ),
            (lambda: kernels.conv_matrix(np.ones((1, 1, 2)), (1, 2, 5)), ShapeError, r"^conv_matrix: x has 2 channels, but weight"),
            (lambda: kernels.conv_matrix(np.ones((1, 1, 2), int), (1, 1, 5)), SettingError, r"^conv_matrix: weight is int64"),
            (
                lambda: kernels.conv_matrix(np.ones((1, 1, 2)), "1 1 5"),
                ShapeError,
                r"^conv_matrix: x_shape is '1 1 5', but must be a shape",
            ),
        ],
    )
    def test_wrong_calls(self, call, error, words):
        with pytest.raises(error, match=words):
            call()


rings = st.integers(1, 12).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n), st.integers(1, n)))


def on_a_ring(seed, size):
    return np.random.default_rng(seed).uniform(-1, 1, size)


class TestCirculant:
    @generated
    @given(ring=rings, seed=seeds)
    def test_is_convolution_on_a_ring(self, ring, seed):
        """(C(w) x)[i] = sum over j of w[j] * x[(i - j) mod n]; shorter vectors end in zeros."""
        n, size, _ = ring
        w, x = on_a_ring(seed, size), on_a_ring(seed + 1, n)
        want = [sum(w[j] * x[(i - j) % n] for j in range(size)) for i in range(n)]
        assert abs(kernels.circulant(w, n) @ x - want).max() <= EPSILON * n**2

    @generated
    @given(ring=rings, seed=seeds)
    def test_all_commute(self, ring, seed):
        """C(u) C(w) = C(w) C(u), again a circulant."""
        n, first, second = ring
        u, w = kernels.circulant(on_a_ring(seed, first), n), kernels.circulant(on_a_ring(seed + 1, second), n)
        assert abs(u @ w - w @ u).max() <= EPSILON * n**2
        assert abs(u @ w - kernels.circulant((u @ w)[:, 0], n)).max() <= EPSILON * n**2

    @generated
    @given(ring=rings, seed=seeds)
    def test_fourier_basis_makes_it_diagonal(self, ring, seed):
        """C(w) F = F diag(eigenvalues), and F is unitary: a product of vectors of length 1 rounds n times."""
        n, size, _ = ring
        w, basis = on_a_ring(seed, size), kernels.fourier_basis(n)
        assert abs(basis.conj().T @ basis - np.eye(n)).max() <= 8 * EPSILON * n
        assert abs(kernels.circulant(w, n) @ basis - basis * kernels.circulant_eigenvalues(w, n)).max() <= 8 * EPSILON * n**2

    def test_keeps_the_type(self):
        w = np.array([1, 2, 3], np.float32)
        matrix = kernels.circulant(w, 4)
        assert matrix.dtype == np.float32
        assert matrix.tolist() == [[1, 0, 3, 2], [2, 1, 0, 3], [3, 2, 1, 0], [0, 3, 2, 1]]

    @pytest.mark.parametrize(
        ("call", "error", "words"),
        [
            (
                lambda: kernels.circulant(np.ones(5), 4),
                ShapeError,
                r"^circulant: w has the shape \(5,\), but must be a vector of 1 to n = 4",
            ),
            (lambda: kernels.circulant(np.ones((2, 2)), 4), ShapeError, r"^circulant: w has the shape \(2, 2\)"),
            (lambda: kernels.circulant(np.ones(0), 4), ShapeError, r"^circulant: w has the shape \(0,\)"),
            (lambda: kernels.circulant([1, 2], 4), SettingError, r"^circulant: w is int64"),
            (lambda: kernels.circulant([1.0, 2.0], 4.0), SettingError, r"^circulant: n is 4.0, but must be a whole number$"),
            (lambda: kernels.circulant([1.0], 2**20), ShapeError, r"^circulant: the matrix would have 1048576 x 1048576 entries"),
            (lambda: kernels.circulant_eigenvalues([1.0], 0), SettingError, r"^circulant_eigenvalues: n is 0, but must be at least 1$"),
            (lambda: kernels.fourier_basis(2**20), ShapeError, r"^fourier_basis: the matrix would have"),
        ],
    )
    def test_wrong_calls(self, call, error, words):
        with pytest.raises(error, match=words):
            call()


def test_matrices_in_pieces(monkeypatch):
    """Some rows at a time, with a rest, give the same as all at once."""
    w = np.arange(5.0)
    whole, basis = kernels.circulant(w, 7), kernels.fourier_basis(7)
    monkeypatch.setattr(circulant, "AT_ONCE", 21)
    np.testing.assert_array_equal(kernels.circulant(w, 7), whole)
    np.testing.assert_array_equal(kernels.fourier_basis(7), basis)
    np.testing.assert_array_equal(whole[:, 2], np.roll(np.append(w, [0, 0]), 2))
