"""Statistics of feature maps against numpy's own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.transforms import adaptive_instance_normalization, whitening_coloring


@pytest.fixture
def maps(x64):
    """Correlated maps of five channels: content (2, 9, 8, 5), style (7, 11, 5)."""
    generator = np.random.default_rng(0)
    mixers = generator.standard_normal((2, 5, 5))
    content = generator.standard_normal((2, 9, 8, 5)) @ mixers[0] + 3
    style = 10 * generator.standard_normal((7, 11, 5)) @ mixers[1] - np.arange(5)
    return jnp.asarray(content), jnp.asarray(style)


def pixels(x):
    return np.asarray(x).reshape(-1, x.shape[-1])


def test_adain_gives_mean_and_deviation_of_the_style(maps):
    content, style = maps
    found = jax.jit(adaptive_instance_normalization)(content, style)
    assert found.shape == content.shape
    for x in found:
        np.testing.assert_allclose(pixels(x).mean(0), pixels(style).mean(0), atol=1e-5)
        wanted = pixels(style).std(0, ddof=1)
        np.testing.assert_allclose(pixels(x).std(0, ddof=1), wanted, rtol=1e-5)
    # Each channel is moved as a whole.
    moved = np.corrcoef(pixels(found[0])[:, 2], pixels(content[0])[:, 2])[0, 1]
    assert moved == pytest.approx(1, abs=1e-12)


def test_adain_by_the_same_image_changes_nothing(maps):
    content, _ = maps
    found = adaptive_instance_normalization(content, content)
    np.testing.assert_allclose(found, content, rtol=1e-13, atol=1e-13)
    flat = jnp.full((3, 3, 2), 0.25)
    np.testing.assert_array_equal(adaptive_instance_normalization(flat, flat), flat)


def test_wct_gives_mean_and_covariance_of_the_style(maps):
    content, style = maps
    found = jax.jit(whitening_coloring)(content, style)
    for x in found:
        np.testing.assert_allclose(pixels(x).mean(0), pixels(style).mean(0), atol=1e-12)
        np.testing.assert_allclose(np.cov(pixels(x).T), np.cov(pixels(style).T), rtol=1e-10)


def test_wct_by_the_same_image_changes_nothing(maps):
    content, _ = maps
    np.testing.assert_allclose(whitening_coloring(content, content), content, atol=1e-11)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dead_and_repeated_channels_stay_finite(maps, dtype):
    content, style = (
        jnp.concatenate([x, 0 * x[..., :1], 2 * x[..., :1]], axis=-1).astype(dtype) for x in maps
    )
    found = whitening_coloring(content, style)
    wanted = np.cov(pixels(style).T)
    tolerance = {"float32": 1e-4, "float64": 1e-12}[dtype] * np.abs(wanted).max()
    for x in found:
        np.testing.assert_allclose(np.cov(pixels(x).T), wanted, atol=tolerance)
    gradient = jax.grad(lambda x: jnp.sum(adaptive_instance_normalization(x, style) ** 2))(content)
    assert np.all(np.isfinite(gradient))


@pytest.mark.parametrize("transform", [adaptive_instance_normalization, whitening_coloring])
def test_what_does_not_fit_is_refused(transform):
    with pytest.raises(ValueError, match=r"style: expected the 3 channels of content, got shape"):
        transform(jnp.zeros((4, 4, 3)), jnp.zeros((4, 4, 2)))
    with pytest.raises(ValueError, match="style: expected at least two pixels"):
        transform(jnp.zeros((4, 4, 3)), jnp.zeros((1, 1, 3)))
    with pytest.raises(ValueError, match="content: expected a real floating-point image"):
        transform(np.zeros((4, 4, 3), np.uint8), jnp.zeros((1, 1, 3)))
