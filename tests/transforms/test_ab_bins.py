"""Colours as classes, and CIELAB: against scikit-image and values taken apart from this code."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import skimage.color

from imaging_jax.transforms import (
    ab_bins,
    annealed_mean,
    lab_to_rgb,
    rebalancing_weights,
    rgb_to_lab,
    soft_encode,
)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        # scikit-image's own.
        ((1, 0, 0), (53.2406, 80.0923, 67.2028)),
        ((0, 1, 0), (87.7351, -86.1830, 83.1797)),
        ((0, 0, 1), (32.2957, 79.1856, -107.8573)),
        ((1, 1, 1), (100, -0.0025, 0.0047)),
    ],
)
def test_lab_of_colours(rgb, lab, x64):
    x = np.array(rgb, np.float64).reshape(1, 1, 3)
    np.testing.assert_allclose(rgb_to_lab(x)[0, 0], lab, atol=6e-5)
    np.testing.assert_allclose(lab_to_rgb(rgb_to_lab(x)), x, atol=1e-6)


def test_lab_is_scikit_images(x64):
    x = np.random.default_rng(0).random((2, 5, 6, 3)) ** 3
    lab = skimage.color.rgb2lab(x)
    np.testing.assert_allclose(rgb_to_lab(x), lab, atol=1e-10)
    np.testing.assert_allclose(lab_to_rgb(lab), skimage.color.lab2rgb(lab), atol=1e-10)
    outside = lab * [1, 2, 2]
    found = lab_to_rgb(outside)
    assert found.min() == 0
    assert found.max() == 1


def test_lab_of_black_has_finite_gradients():
    x = jnp.zeros((1, 1, 3))
    for function in (rgb_to_lab, lab_to_rgb):
        assert np.all(np.isfinite(jax.grad(lambda x, f=function: f(x).sum())(x)))


def test_bins_hold_the_colours_of_srgb():
    centres = ab_bins()
    # The cells of side 10 that the cube occupies, counted apart from this code.
    assert centres.shape == (261, 2)
    assert np.all(centres % 10 == 0)
    # No colour inside of the cube lies in another.
    x = np.random.default_rng(0).random((1, 200_000, 3))
    cells = np.unique(np.round(skimage.color.rgb2lab(x)[0, :, 1:] / 10).astype(int), axis=0)
    assert set(map(tuple, 10 * cells)) <= set(map(tuple, centres.astype(int)))


def test_soft_encoding():
    centres = jnp.array([[-10.0], [0.0], [10.0], [20.0], [-20.0]])
    found = soft_encode(jnp.array([[3.0], [-3.0]]), centres, nearest=3)
    # Taken by hand: exp(-d² / 50) of 3, 7 and 13, over their sum.
    np.testing.assert_allclose(found[0], [0.0274, 0.6711, 0.3015, 0, 0], atol=6e-5)
    np.testing.assert_allclose(found[1], [0.3015, 0.6711, 0.0274, 0, 0], atol=6e-5)
    np.testing.assert_allclose(found.sum(axis=-1), 1, atol=1e-6)
    far = soft_encode(jnp.full((2, 3, 2), 1e3), ab_bins())
    assert far.shape == (2, 3, 261)
    np.testing.assert_allclose(far.sum(axis=-1), 1, atol=1e-5)
    assert np.all(np.sum(far > 0, axis=-1) <= 10)


def test_rebalancing():
    prior = jnp.array([0.7, 0.2, 0.1])
    # Taken by hand of equation 4.
    np.testing.assert_allclose(rebalancing_weights(prior), [0.7542, 1.4612, 1.7984], atol=6e-5)
    longer = rebalancing_weights(jnp.append(prior, 0.0))
    np.testing.assert_allclose(longer[:3], rebalancing_weights(prior), rtol=1e-6)
    assert longer[3] > longer[2]


@pytest.mark.parametrize(
    ("temperature", "mean", "atol"), [(1.0, -3.0, 1e-5), (0.38, -15.2512, 6e-5), (1e-3, -20, 1e-5)]
)
def test_annealed_mean(temperature, mean, atol):
    # Taken by hand: of .6 .3 .1 to the power 1 / T, over their sum.
    logits = jnp.log(jnp.array([0.6, 0.3, 0.1]))
    centres = jnp.array([[-20.0], [10.0], [60.0]])
    np.testing.assert_allclose(annealed_mean(logits, centres, temperature), [mean], atol=atol)
    np.testing.assert_allclose(annealed_mean(logits + 7, centres, temperature), [mean], atol=1e-4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rgb_to_lab(jnp.ones((4, 4, 1))), r"x: expected \(..., H, W, 3\)"),
        (lambda: lab_to_rgb(jnp.ones((4, 4, 3), int)), "x: expected a real floating-point image"),
        (lambda: ab_bins(0), "spacing: expected one above 0, got 0"),
        (lambda: soft_encode(jnp.ones((4, 3)), ab_bins()), r"expected \(..., D\) and \(Q, D\)"),
        (lambda: soft_encode(jnp.ones((4, 2)), ab_bins(), 0), "nearest: expected 1 to 261 bins"),
        (lambda: soft_encode(jnp.ones((4, 2)), ab_bins(), 5, 0.0), "sigma: expected one above 0"),
        (lambda: rebalancing_weights(jnp.ones((2, 2))), r"prior: expected \(Q,\)"),
        (lambda: rebalancing_weights(jnp.ones(2), 0.0), r"uniform: expected a share in \(0, 1\]"),
        (lambda: annealed_mean(jnp.ones((4, 3)), ab_bins()), r"expected \(..., Q\) and \(Q, D\)"),
        (lambda: annealed_mean(jnp.ones((4, 261)), ab_bins(), 0.0), "temperature: expected one"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
