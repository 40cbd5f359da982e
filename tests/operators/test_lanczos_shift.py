"""Shifts by Lanczos kernels: whole pixels, the closed form of the weights, bad input."""

import jax
import numpy as np
import pytest

from imaging_jax.operators import fourier_shift, lanczos_shift


def test_whole_shifts_move_pixels_and_mirror_the_edges(x64):
    x = np.random.default_rng(0).random((5, 7, 2))
    found = lanczos_shift(x, np.array([2.0, -3.0]))
    around = np.pad(x, [(4, 4), (4, 4), (0, 0)], mode="reflect")
    np.testing.assert_allclose(found, around[2:7, 7:14], atol=1e-13)
    np.testing.assert_allclose(lanczos_shift(x, np.zeros(2)), x, atol=1e-14)


def test_a_point_becomes_the_kernel(x64):
    x = np.zeros((15, 15, 1))
    x[7, 7] = 1.0
    found = np.asarray(lanczos_shift(x, np.array([0.3, -0.7])))[..., 0]

    def kernel(shift):
        distance = np.arange(15) - 7 - shift
        weights = np.sinc(distance) * np.sinc(distance / 3) * (np.abs(distance) < 3)
        return weights / weights.sum()

    np.testing.assert_allclose(found, np.outer(kernel(0.3), kernel(-0.7)), atol=1e-14)


def test_smooth_images_move_as_their_fourier_series(x64):
    rows, columns = np.mgrid[:24, :30]
    x = (np.cos(2 * np.pi * rows / 24) + np.sin(2 * np.pi * columns / 15))[..., None]
    shift = np.array([1.4, -2.6])
    difference = lanczos_shift(x, shift) - fourier_shift(x, shift)
    assert np.abs(difference[6:-6, 6:-6]).max() < 0.01


def test_the_gradient_by_the_shift_is_that_of_differences(x64):
    x = np.random.default_rng(0).random((8, 9, 1))
    weights = np.random.default_rng(1).random((8, 9, 1))

    def value(shift):
        return (weights * lanczos_shift(x, shift)).sum()

    at = np.array([0.3, -1.7])
    gradient = jax.grad(value)(at)
    for axis, step in enumerate(np.eye(2) * 1e-6):
        expected = (value(at + step) - value(at - step)) / 2e-6
        np.testing.assert_allclose(gradient[axis], expected, rtol=1e-7)


@pytest.mark.parametrize(
    ("x", "shift", "message"),
    [
        (np.ones((4, 5, 1)), np.ones(3), r"shift: expected a real pair \(dy, dx\), got shape \(3,"),
        (np.ones((4, 5, 1)), np.ones(2) * 1j, "shift: expected a real pair"),
        (np.ones((1, 5, 1)), np.ones(2), "expected two rows and columns at least, got shape"),
        (np.ones((4, 5, 1), int), np.ones(2), "x"),
    ],
)
def test_bad_input(x, shift, message):
    with pytest.raises(ValueError, match=message):
        lanczos_shift(x, shift)
