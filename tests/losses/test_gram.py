"""Gram matrices against a sum in numpy, and a distance between pictures of another program."""

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from imaging_jax.losses import gram_matrix
from imaging_jax.pretrained import load_features


def test_products_of_channels_over_all_pixels(x64):
    features = np.random.default_rng(0).standard_normal((2, 5, 7, 3))
    found = gram_matrix(jnp.asarray(features))
    flat = features.reshape(2, 35, 3)
    for gram, pixels in zip(found, flat, strict=True):
        wanted = sum(np.outer(pixel, pixel) for pixel in pixels) / (35 * 3)
        np.testing.assert_allclose(gram, wanted, rtol=1e-12)


def test_a_photograph_is_as_far_from_a_woodcut_as_another_program_says(imaging_data):
    # 14.83 before a style transfer, of pictures whose longer side has 256 pixels.
    pictures = [
        np.asarray(Image.open(imaging_data / "style" / name).resize(size, Image.Resampling.BICUBIC))
        for name, size in (("up-diliman.jpg", (256, 168)), ("lengstrom/wave.jpg", (256, 176)))
    ]
    features = load_features("distilled_vgg19_4")
    photograph, woodcut = (
        np.asarray(gram_matrix(features(jnp.asarray(picture / 255, jnp.float32))["relu4_1"]))
        for picture in pictures
    )
    assert np.linalg.norm(photograph - woodcut) == pytest.approx(14.83, abs=0.006)


def test_maps_of_no_channels_are_refused():
    with pytest.raises(ValueError, match="features: expected an image"):
        gram_matrix(jnp.zeros((3, 3)))
