"""Losses of content and style against sums in numpy."""

import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.losses import (
    feature_reconstruction_loss,
    squared_variation,
    style_reconstruction_loss,
)


def maps(seed, sizes):
    generator = np.random.default_rng(seed)
    return {name: jnp.asarray(generator.random(shape)) for name, shape in sizes.items()}


def gram(x):
    """Of (H, W, C), by a loop over the pixels."""
    pixels = np.asarray(x).reshape(-1, x.shape[-1])
    return sum(np.outer(pixel, pixel) for pixel in pixels) / x.size


def test_content_is_compared_value_by_value(x64):
    ours = maps(0, {"a": (4, 5, 3), "b": (2, 2, 6)})
    wanted = maps(1, {"a": (4, 5, 3)})
    found = feature_reconstruction_loss(ours, wanted)
    assert float(found) == pytest.approx(np.mean(np.asarray(ours["a"] - wanted["a"]) ** 2))
    both = feature_reconstruction_loss(ours, {**wanted, "b": ours["b"] + 2})
    assert float(both - found) == pytest.approx(4)


def test_style_is_compared_by_gram_matrices_of_any_size(x64):
    ours = maps(0, {"a": (4, 5, 3), "b": (2, 2, 6)})
    grams = {name: jnp.asarray(gram(x)) for name, x in maps(1, {"a": (7, 3, 3)}).items()}
    wanted = np.mean((gram(ours["a"]) - np.asarray(grams["a"])) ** 2)
    assert float(style_reconstruction_loss(ours, grams)) == pytest.approx(wanted, rel=1e-12)
    batch = {"a": jnp.stack([ours["a"], ours["a"]])}
    assert float(style_reconstruction_loss(batch, grams)) == pytest.approx(wanted, rel=1e-12)
    own = {name: jnp.asarray(gram(x)) for name, x in ours.items()}
    assert float(style_reconstruction_loss(ours, own)) == pytest.approx(0, abs=1e-30)


def test_variation_is_of_neighbours(x64):
    # Rows rise by 2, columns by 3.
    ramp = (2.0 * np.arange(4)[:, None] + 3.0 * np.arange(5))[..., None]
    assert float(squared_variation(ramp)) == pytest.approx(4 + 9)
    assert float(squared_variation(ramp[:1])) == pytest.approx(9)


def test_what_does_not_fit_is_refused():
    ours = maps(0, {"a": (4, 5, 3)})
    with pytest.raises(ValueError, match="maps: expected b, got a"):
        feature_reconstruction_loss(ours, maps(0, {"a": (4, 5, 3), "b": (1, 1, 1)}))
    with pytest.raises(ValueError, match=r"expected the shape of prediction \(4, 5, 3\)"):
        feature_reconstruction_loss(ours, maps(0, {"a": (4, 4, 3)}))
    with pytest.raises(ValueError, match=r"grams: expected shape \(3, 3\) of a, got \(4, 4\)"):
        style_reconstruction_loss(ours, {"a": jnp.zeros((4, 4))})
    with pytest.raises(ValueError, match="x: expected an image"):
        squared_variation(jnp.zeros((3, 3)))
