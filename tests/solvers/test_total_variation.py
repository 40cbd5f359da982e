import jax
import jax.numpy as jnp
import numpy as np
import pytest
import skimage.restoration

from imaging_jax.solvers import FiniteDifferences, total_variation, tv_denoise, tv_proximal
from tests.solvers.helpers import assert_gradients, camera, noise, psnr, small_camera


def noisy():
    x = small_camera()
    return x, x + 25 / 255 * noise(0, x.shape)


def objective(x, y, weight):
    return np.sum((np.asarray(x) - y) ** 2) / 2 + weight * total_variation(x)


def test_printed_denoising(x64):
    x, y = noisy()
    assert psnr(y, x) == pytest.approx(20.2127, abs=1e-4)
    # The gap of the printed optima is 3e-4; to their images that leaves a hundredth of a decibel.
    for weight, optimum, decibel in (
        (0.05, 340.3820, 27.6265),
        (0.08, 404.8989, 28.8988),
        (0.1, 431.2186, 28.5074),
        (0.15, 481.1330, 27.1548),
    ):
        result = tv_denoise(y, weight, tolerance=2e-6, max_iterations=2000)
        assert result.converged
        assert objective(result.x, y, weight) == pytest.approx(optimum, abs=1.1e-3)
        assert psnr(result.x, x) == pytest.approx(decibel, abs=0.011)
        assert result.x.sum() == pytest.approx(33144.829175, abs=1e-6)


def test_against_skimage(x64):
    y = (camera()[::4, ::4] + 0.1 * noise(0, (128, 128, 1)))[:, :100]
    expected = skimage.restoration.denoise_tv_chambolle(
        y[..., 0], weight=0.1, eps=1e-9, max_num_iter=5000
    )
    result = tv_denoise(y, 0.1, tolerance=1e-6, max_iterations=5000)
    np.testing.assert_allclose(result.x[..., 0], expected, atol=3e-3)
    bound = objective(expected[..., None], y, 0.1)
    assert objective(result.x, y, 0.1) <= bound
    # What the gap promises: the other objective isn't lower either by more than it.
    assert bound * (1 - 1e-6) <= objective(result.x, y, 0.1) * (1 + 1e-3)


def test_gap_bounds_the_distance_to_the_optimum(x64):
    y = noisy()[1][:64, :48]
    optimum = objective(tv_denoise(y, 0.1, tolerance=1e-7, max_iterations=20000).x, y, 0.1)
    result = tv_denoise(y, 0.1, tolerance=0.0, max_iterations=60)
    primal = objective(result.x, y, 0.1)
    assert 0 < primal - optimum <= result.history[-1] * primal


def test_total_variation(x64):
    step = np.zeros((2, 5, 4, 1))
    step[:, 2:] = 3
    step[1, :, 2:] += 4
    # Edges of 4 and 5 pixels; where they cross, both differences are in one pixel.
    expected = [4 * 3, 3 * 3 + 4 * 4 + 5]
    np.testing.assert_allclose(total_variation(step), expected)
    np.testing.assert_allclose(total_variation(step, epsilon=1e-9), expected, atol=1e-6)
    np.testing.assert_allclose(total_variation(step[0], "circular"), 2 * 4 * 3)
    assert np.isfinite(jax.grad(lambda x: total_variation(x))(step[0])).all()


def test_batch_is_each_by_itself(x64):
    y = noisy()[1][:32, :40]
    y = np.stack([y, np.full_like(y, 0.5), 3 * y])
    together = jax.jit(lambda y: tv_denoise(y, 0.1, tolerance=1e-4))(y)
    for i in range(3):
        alone = tv_denoise(y[i], 0.1, tolerance=1e-4)
        np.testing.assert_allclose(together.x[i], alone.x, atol=1e-12)
        assert together.iterations[i] == alone.iterations
        np.testing.assert_allclose(together.history[i], alone.history, atol=1e-9)
    assert together.iterations[1] == 0
    assert len(set(np.asarray(together.iterations))) == 3


@pytest.mark.parametrize("boundary", ["neumann", "circular"])
def test_proximal_map(boundary, x64):
    y = noisy()[1][:32, :40]
    expected = tv_denoise(y, 0.1, boundary=boundary, tolerance=0.0, max_iterations=50)
    denoised = tv_proximal(np.stack([y, y]), 0.1, boundary, 50)
    np.testing.assert_allclose(denoised[1], expected.x, atol=1e-12)
    np.testing.assert_array_equal(tv_proximal(y, 0.0), y)


def test_gradients_of_the_proximal_map(x64):
    y = noise(0, (5, 6, 1))
    assert_gradients(
        lambda y, step: jnp.sum(jnp.sin(tv_proximal(y, step, iterations=5))),
        (y, jnp.float64(0.3)),
        rtol=1e-5,
    )


def test_float32_and_no_weight():
    y = noisy()[1][:32, :32].astype(np.float32)
    result = tv_denoise(y, 0.0)
    np.testing.assert_allclose(result.x, y)
    assert result.converged
    gradient = jax.grad(lambda y: jnp.sum(tv_proximal(y, 0.1) ** 2))(jnp.zeros((4, 4, 1)))
    np.testing.assert_array_equal(gradient, 0)
    assert tv_denoise(y, 0.1).x.dtype == jnp.float32


def test_operator(x64):
    A = FiniteDifferences(in_shape=(16, 16, 1), in_dtype=jnp.float64)
    norm = A.norm(jax.random.key(0), iterations=2000)
    assert norm**2 == pytest.approx(8 * np.cos(np.pi / 32) ** 2, rel=1e-3)


def test_wrong_input():
    y = jnp.zeros((4, 4, 1))
    for function in (tv_denoise, tv_proximal):
        with pytest.raises(ValueError, match="expected a floating-point image, got uint8"):
            function(y.astype(jnp.uint8), 0.1)
        with pytest.raises(ValueError, match="expected an image"):
            function(y[..., 0], 0.1)
        with pytest.raises(ValueError, match=r"expected a number >= 0, got -0\.1"):
            function(y, -0.1)
        with pytest.raises(ValueError, match="boundary: expected 'neumann' or 'circular'"):
            function(y, 0.1, boundary="zero")
    with pytest.raises(ValueError, match="tolerance: expected a number >= 0, got -1"):
        tv_denoise(y, 0.1, tolerance=-1)


def complex_image():
    x, real = noisy()
    imaginary = np.roll(x, 5, axis=0) + 25 / 255 * noise(1, x.shape)
    return np.asarray(real + 1j * imaginary)[:48, :40]


def test_complex_images_are_denoised_by_the_moduli_of_their_differences(x64):
    y = complex_image()
    result = tv_denoise(y, 0.1, tolerance=1e-7, max_iterations=20000)
    assert result.converged
    # The same problem over pairs of real channels, each pixel's differences in one root.
    pairs = np.concatenate([y.real, y.imag], axis=-1)

    def pairs_objective(x):
        vertical, horizontal = (np.diff(x, axis=axis) for axis in (0, 1))
        vertical = np.pad(vertical, ((0, 1), (0, 0), (0, 0)))
        horizontal = np.pad(horizontal, ((0, 0), (0, 1), (0, 0)))
        lengths = np.sqrt(np.sum(vertical**2 + horizontal**2, axis=-1))
        return np.sum((x - pairs) ** 2) / 2 + 0.1 * np.sum(lengths)

    x = np.concatenate([result.x.real, result.x.imag], axis=-1)
    lowest = pairs_objective(x)
    assert objective_of_complex(result.x, y, 0.1) == pytest.approx(lowest, rel=1e-12)
    generator = np.random.default_rng(0)
    for scale in (1e-3, 1e-2, 1e-1):
        assert pairs_objective(x + scale * generator.normal(size=x.shape)) > lowest
    np.testing.assert_allclose(tv_proximal(y, 0.1, iterations=2000), result.x, atol=2e-4)


def objective_of_complex(x, y, weight):
    return np.sum(np.abs(np.asarray(x) - y) ** 2) / 2 + weight * float(total_variation(x))


def test_a_constant_phase_and_a_constant_imaginary_part_change_nothing(x64):
    real = noisy()[1][:24, :20]
    wanted = np.asarray(tv_proximal(real, 0.1))
    turned = np.exp(0.7j) * real
    np.testing.assert_allclose(tv_proximal(turned, 0.1), np.exp(0.7j) * wanted, atol=1e-12)
    np.testing.assert_allclose(tv_proximal(real + 0.5j, 0.1), wanted + 0.5j, atol=1e-12)
