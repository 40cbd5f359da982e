"""Cropping, means over blocks, rounding to 8 bit, noise."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.operators import block_means, gaussian_noise, modcrop, round_to_8bit, shave


def test_modcrop():
    x = np.random.default_rng(0).random((2, 11, 9, 3)).astype(np.float32)
    np.testing.assert_array_equal(modcrop(x, 4), x[:, :8, :8])
    np.testing.assert_array_equal(modcrop(x, 1), x)
    with pytest.raises(ValueError, match="at least scale=10"):
        modcrop(x, 10)
    with pytest.raises(ValueError, match="scale: expected a positive"):
        modcrop(x, 0)


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_block_means_are_those_of_each_block(scale):
    x = np.random.default_rng(0).random((2, 6, 12, 3)).astype(np.float32)
    found = block_means(x, scale)
    assert found.shape == (2, 6 // scale, 12 // scale, 3)
    for i, j in np.ndindex(found.shape[1:3]):
        block = x[:, scale * i : scale * (i + 1), scale * j : scale * (j + 1)]
        np.testing.assert_allclose(found[:, i, j], np.float64(block).mean((1, 2)), rtol=1e-6)


def test_block_means_of_nothing_are_nothing():
    x = np.zeros((8, 8, 1), np.float32)
    x[4:, 4:] = 100
    np.testing.assert_array_equal(block_means(x, 4)[..., 0], [[0, 0], [0, 100]])
    with pytest.raises(ValueError, match="x: expected sides that are multiples of scale=3"):
        block_means(x, 3)


def test_shave():
    x = np.random.default_rng(0).random((2, 7, 9, 3)).astype(np.float32)
    np.testing.assert_array_equal(shave(x, 3), x[:, 3:4, 3:6])
    np.testing.assert_array_equal(shave(x, 0), x)
    for border in (4, -1):
        with pytest.raises(ValueError, match="border: expected 0 <= 2 border"):
            shave(x, border)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_round_to_8bit_gives_the_floats_of_an_8bit_file(dtype, x64):
    levels = np.arange(256).astype(dtype)
    files = (levels / dtype(255)).reshape(16, 16, 1)
    for function in (round_to_8bit, jax.jit(round_to_8bit)):
        np.testing.assert_array_equal(function(files), files)
        for shift in (-0.49, 0.49):
            shifted = ((levels + dtype(shift)) / dtype(255)).reshape(16, 16, 1)
            np.testing.assert_array_equal(function(shifted), files)


def test_round_to_8bit_clips_and_keeps_nan():
    x = jnp.array([-0.5, 1.7, jnp.nan]).reshape(1, 3, 1)
    np.testing.assert_array_equal(round_to_8bit(x)[0, :, 0], [0, 1, np.nan])


def test_round_to_8bit_takes_halves_up(x64):
    # 255 / 510 = 1/2 level exactly; 2.5 levels would go to 2 by rounding to even.
    x = (np.array([0.5, 2.5, 254.5]) / 255).reshape(1, 3, 1)
    np.testing.assert_array_equal(x * 255, [[[0.5], [2.5], [254.5]]])
    np.testing.assert_array_equal(np.rint(round_to_8bit(x)[0, :, 0] * 255), [1, 3, 255])


def test_gaussian_noise():
    x = jnp.full((2, 64, 64, 3), 0.25)
    key = jax.random.key(0)
    noise = gaussian_noise(key, x, 0.1) - x
    assert float(noise.mean()) == pytest.approx(0, abs=4 * 0.1 / np.sqrt(x.size))
    assert float(noise.std()) == pytest.approx(0.1, rel=0.02)
    np.testing.assert_array_equal(gaussian_noise(key, x, 0.1) - x, noise)
    assert jnp.abs(gaussian_noise(jax.random.key(1), x, 0.1) - x - noise).max() > 0.1
    np.testing.assert_array_equal(gaussian_noise(key, x, 0.0), x)
    levels = gaussian_noise(key, x, jnp.array([0.0, 0.5]).reshape(2, 1, 1, 1)) - x
    np.testing.assert_allclose(levels.std(axis=(1, 2, 3)), [0, 0.5], rtol=0.02)
    assert gaussian_noise(key, x.astype(jnp.bfloat16), 0.1).dtype == jnp.bfloat16
    slope = jax.jit(jax.grad(lambda sigma: jnp.vdot(noise, gaussian_noise(key, x, sigma))))(0.1)
    assert float(slope) == pytest.approx(float(jnp.vdot(noise, noise)) / 0.1, rel=1e-4)


@pytest.mark.parametrize(
    "function",
    [
        round_to_8bit,
        lambda x: modcrop(x, 2),
        lambda x: shave(x, 1),
        lambda x: gaussian_noise(jax.random.key(0), x, 0.1),
    ],
)
def test_wrong_images(function):
    with pytest.raises(ValueError, match="x: expected an image"):
        function(jnp.zeros((4, 4)))
    with pytest.raises(ValueError, match="floating-point image, got uint8"):
        function(jnp.zeros((4, 4, 1), jnp.uint8))
