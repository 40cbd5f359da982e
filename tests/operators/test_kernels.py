"""Kernels against areas, MATLAB's published values and the moments that define them."""

from functools import partial

import jax
import numpy as np
import pytest
import scipy.special
from jax.test_util import check_grads

from imaging_jax.operators import (
    binomial_kernel,
    blur,
    centre_kernel,
    disk_kernel,
    downsample,
    gaussian_kernel,
    motion_kernel,
    sample_gaussian_kernel,
    sample_motion_kernel,
    sample_raw_noise_levels,
    sample_sigma,
)

KEY = jax.random.key(0)

# Programs that run once: optimised, they take twice as long to compile.
jit = partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
motion = jit(motion_kernel, static_argnums=0)
disk = jit(disk_kernel, static_argnums=0)


def moments(kernel):
    """Centroid (row, column) and covariance of kernels (..., h, w)."""
    kernel = np.asarray(kernel, float)
    places = np.indices(kernel.shape[-2:])
    centroid = np.einsum("...yx,iyx->...i", kernel, places)
    second = np.einsum("...yx,iyx,jyx->...ij", kernel, places, places)
    return centroid, second - centroid[..., :, None] * centroid[..., None, :]


def test_binomial(x64):
    row = np.array([1, 4, 6, 4, 1])
    np.testing.assert_array_equal(binomial_kernel() * 256, np.outer(row, row))
    np.testing.assert_array_equal(binomial_kernel(2), 0.25)
    np.testing.assert_array_equal(binomial_kernel(1), 1)


def test_disk_of_radius_one_is_that_of_matlab(x64):
    # The documentation of fspecial("disk", 1).
    published = [[0.0251, 0.1453, 0.0251], [0.1453, 0.3183, 0.1453], [0.0251, 0.1453, 0.0251]]
    np.testing.assert_allclose(disk(3, 1.0), published, atol=5e-5)


@pytest.mark.parametrize(("size", "radius"), [(7, 2.3), (6, 2.0), (5, 1.5), (3, 4.0), (5, 0.3)])
def test_disk_against_counted_points(size, radius, x64):
    fine = 200
    offsets = (np.arange(size * fine) + 0.5) / fine - size / 2
    inside = offsets[:, None] ** 2 + offsets[None, :] ** 2 < radius**2
    area = inside.reshape(size, fine, size, fine).mean(axis=(1, 3))
    np.testing.assert_allclose(disk(size, radius), area / area.sum(), atol=2e-4)


def test_derivative_of_the_disk(x64):
    function = jax.jit(lambda radius: disk_kernel(5, radius))
    check_grads(function, (1.7,), order=1, modes=["rev"])
    # Also where the circle touches the pixels' sides.
    assert np.isfinite(jax.jacobian(function)(1.5)).all()


def test_straight_motion_along_the_axes(x64):
    row = np.zeros((11, 11))
    row[5, 1:10] = 1 / 9
    np.testing.assert_allclose(motion(11, 9.0), row, atol=1e-15)
    np.testing.assert_allclose(motion(11, 9.0, np.pi / 2), row.T, atol=1e-15)
    # A length of four: three pixels and two halves, as in MATLAB.
    found = motion(7, 4.0)[3]
    np.testing.assert_allclose(found, np.array([0, 0.5, 1, 1, 1, 0.5, 0]) / 4, atol=1e-15)
    np.testing.assert_allclose(motion(5, 1.0)[2, 2], 1, atol=1e-15)


def test_straight_motion_along_the_diagonal(x64):
    # The segment ends in the middles of the pixels (±2, ±2): right and down.
    kernel = np.asarray(motion(7, 1 + 4 * np.sqrt(2), np.pi / 4))
    kernel = kernel / kernel[3, 3]
    np.testing.assert_allclose(np.diag(kernel), [0, 1, 1, 1, 1, 1, 0], atol=1e-12)
    beside = 1 - np.sqrt(0.5)
    np.testing.assert_allclose(np.diag(kernel, 1)[1:5], beside, atol=1e-12)
    np.testing.assert_allclose(np.diag(kernel, 2), 0, atol=1e-12)
    np.testing.assert_allclose(kernel, kernel[::-1, ::-1], atol=1e-12)


def test_derivative_of_the_motion(x64):
    function = jax.jit(lambda length, theta: motion_kernel(9, length, theta))
    check_grads(function, (5.3, 0.4), order=1, modes=["rev"])
    assert np.isfinite(jax.jacobian(function)(5.0, 0.0)).all()


def test_spread_of_random_motion():
    size, sigma, length_scale = 41, 0.15, 0.3
    keys = jax.random.split(KEY, 300)
    draw = jit(jax.vmap(lambda key: sample_motion_kernel(key, size, length_scale, sigma, 200)))
    kernels = draw(keys)
    np.testing.assert_allclose(kernels.sum(axis=(1, 2)), 1, atol=1e-5)
    assert kernels.min() >= 0
    centroid, covariance = moments(kernels)
    np.testing.assert_allclose(centroid, (size - 1) / 2, atol=1e-3)
    # Matérn's general covariance; the mean of a path keeps what all its points have in common.
    distance = np.abs(np.linspace(0, 1, 200)[:, None] - np.linspace(0, 1, 200))
    r = np.sqrt(5) * np.where(distance > 0, distance, 1e-6) / length_scale
    matern = 2 ** (1 - 2.5) / scipy.special.gamma(2.5) * r**2.5 * scipy.special.kv(2.5, r)
    # Sharing a point between two pixels adds 1/6.
    wanted = (sigma * size / 2) ** 2 * (1 - matern.mean()) + 1 / 6
    variances = covariance[:, [0, 1], [0, 1]]
    error = variances.std() / np.sqrt(variances.size)
    assert variances.mean() == pytest.approx(wanted, abs=4 * error)
    assert error < 0.05 * wanted


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_centred_kernels_keep_the_image_in_place(scale, x64):
    kernel = np.zeros((25, 25))
    kernel[8:17, 7:18] = np.random.default_rng(0).random((9, 11))
    moved = jit(centre_kernel, static_argnums=1)(kernel, scale)
    centroid, covariance = moments(moved)
    np.testing.assert_allclose(moved.sum(), 1, atol=1e-12)
    np.testing.assert_allclose(centroid, 12 - (scale - 1) / 2, atol=1e-12)
    np.testing.assert_allclose(covariance, moments(kernel / kernel.sum())[1], atol=1e-10)
    ramp = np.broadcast_to(np.arange(72.0)[:, None, None], (72, 72, 1))
    small = jit(lambda x, k: downsample(blur(x, k), scale))(ramp, moved)[:, 0, 0]
    middles = scale * np.arange(len(small)) + (scale - 1) / 2
    inside = (middles > 15) & (middles < 56)
    np.testing.assert_allclose(small[inside], middles[inside], atol=1e-10)


def test_centring_a_gaussian_samples_it_elsewhere(x64):
    offsets = np.arange(25) - 11.5
    row = np.exp(-0.5 * (offsets / 2.0) ** 2)
    wanted = np.outer(row, row) / row.sum() ** 2
    found = jit(lambda: centre_kernel(gaussian_kernel(25, 2.0), 2))()
    np.testing.assert_allclose(found, wanted, atol=5e-4)


def test_random_gaussian_kernels():
    keys = jax.random.split(KEY, 400)
    draw = jax.vmap(lambda key: sample_gaussian_kernel(key, 31, 0.6, 10.0))
    kernels = jit(draw)(keys)
    variances, axes = np.linalg.eigh(moments(kernels)[1])
    assert variances.min() > 0.55
    assert variances.max() < 10.1
    assert variances.mean() == pytest.approx(5.3, abs=4 * 9.4 / np.sqrt(12 * 800))
    # Both axes in all directions: the mean covariance is round.
    mean = moments(kernels)[1].mean(axis=0)
    assert abs(mean[0, 0] - mean[1, 1]) < 0.6
    assert abs(mean[0, 1]) < 0.3
    assert np.abs(axes[:, 0, 0]).std() > 0.2
    round_ones = jax.vmap(lambda key: sample_gaussian_kernel(key, 31, 0.6, 10.0, True))(keys[:20])
    variances = np.linalg.eigvalsh(moments(round_ones)[1])
    np.testing.assert_allclose(variances[:, 0], variances[:, 1], rtol=1e-3)
    assert np.ptp(variances) > 5


def test_random_levels():
    sigma = sample_sigma(KEY, 0.1, 0.3, (4000, 1))
    assert sigma.shape == (4000, 1)
    assert 0.1 <= sigma.min() < 0.101
    assert 0.299 < sigma.max() <= 0.3
    assert float(sigma.mean()) == pytest.approx(0.2, abs=4 * 0.2 / np.sqrt(12 * 4000))
    gain, read = (np.log(np.asarray(v, float)) for v in sample_raw_noise_levels(KEY, (4000,)))
    assert gain.min() == pytest.approx(np.log(1e-4), abs=0.01)
    assert gain.max() == pytest.approx(np.log(0.012), abs=0.01)
    residual = 2 * read - 2.18 * gain - 1.2
    assert residual.mean() == pytest.approx(0, abs=4 * 0.26 / np.sqrt(4000))
    assert residual.std() == pytest.approx(0.26, rel=0.05)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: disk_kernel(0, 1.0), "size: expected a positive"),
        (lambda: binomial_kernel(0), "size: expected a positive"),
        (lambda: motion_kernel(0, 1.0), "size: expected a positive"),
        (lambda: motion_kernel(4.5, 1.0), "size: expected a positive integer, got 4.5"),
        (lambda: sample_motion_kernel(KEY, 5, 0.0), "length_scale, .* expected positive"),
        (lambda: centre_kernel(np.ones(3)), "kernel: expected a matrix"),
        (lambda: centre_kernel(np.ones((3, 3)), 0), "scale: expected a positive"),
        (lambda: sample_gaussian_kernel(KEY, 5, 0.0), "minimum, maximum: expected 0 < "),
        (lambda: sample_sigma(KEY, 0.3, 0.1), "minimum, maximum: expected 0 <= "),
    ],
)
def test_wrong_arguments(function, message):
    with pytest.raises(ValueError, match=message):
        function()


def test_a_kernel_without_width_is_refused():
    with pytest.raises(ValueError, match="sigma_major: expected values above 0, got 0"):
        gaussian_kernel(5, 0)
