"""JPEG against libjpeg, by way of Pillow."""

import io
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import skimage.data
from PIL import Image

from imaging_jax.operators import _jpeg as jpeg_module
from imaging_jax.operators import jpeg

GREY = skimage.data.camera()[:203, 100:251, None]
COLOUR = skimage.data.chelsea()[:107, 150:305]

# Programs that run once: optimised, they take twice as long to compile.
jit = partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
coded = jit(jpeg)
steps_of = jit(jpeg_module._steps)


def by_pillow(image, quality):
    buffer = io.BytesIO()
    Image.fromarray(image.squeeze()).save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


@pytest.mark.parametrize("quality", [5, 20, 50, 75, 95])
@pytest.mark.parametrize("image", [GREY, COLOUR], ids=["grey", "colour"])
def test_gives_libjpegs_pixels(image, quality):
    wanted = np.asarray(by_pillow(image, quality), np.float64).reshape(image.shape)
    found = np.rint(255 * np.asarray(coded(image / np.float32(255), quality), np.float64))
    # A coefficient that lies between two steps may go either way and moves its block by a few
    # levels; libjpeg computes with integers.
    assert np.mean(np.abs(found - wanted) > 1) < 0.03
    lost = np.mean((wanted - image) ** 2)
    assert np.mean((found - wanted) ** 2) < 0.02 * lost + 0.3


@pytest.mark.parametrize("quality", [1, 10, 49, 50, 51, 90, 100])
def test_quantises_by_libjpegs_tables(quality):
    tables = by_pillow(COLOUR, quality).quantization
    for table, name in ((0, "_LUMINANCE_TABLE"), (1, "_CHROMINANCE_TABLE")):
        steps = steps_of(getattr(jpeg_module, name), quality)
        np.testing.assert_array_equal(steps.reshape(-1), tables[table])


def test_leading_axes_and_traced_qualities():
    images = np.stack([COLOUR[:40, :48], COLOUR[60:100, :48]]) / np.float32(255)
    found = jit(jax.vmap(jpeg))(images, np.float32([10, 80]))
    np.testing.assert_allclose(found[1], coded(images[1], 80), atol=2 / 255)
    known_at_trace_time = jit(partial(jpeg, quality=10))(images)
    np.testing.assert_allclose(found[0], known_at_trace_time[0], atol=2 / 255)


def test_a_flat_image_stays():
    flat = np.full(GREY.shape, 96 / 255, np.float32)
    np.testing.assert_allclose(coded(flat, 50), flat, atol=1e-6)


def test_the_gradient_is_that_of_a_transform_and_its_inverse():
    # With rounding's derivative 1, coding is the identity for a grey image of whole blocks.
    image = GREY[:48, :40] / np.float32(255)
    weights = np.random.default_rng(0).standard_normal(image.shape, np.float32)
    gradient = jit(jax.grad(lambda x: jnp.sum(weights * jpeg(x, 60))))(image)
    inside = (image > 0.15) & (image < 0.85)
    assert inside.mean() > 0.3
    np.testing.assert_allclose(gradient[inside], weights[inside], atol=1e-4)


def test_gradients_of_colour_are_finite():
    image = COLOUR[:24, :40] / np.float32(255)
    gradient = jit(jax.grad(lambda x: jnp.sum(jpeg(x, 30) ** 2)))(image)
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 0


@pytest.mark.parametrize(
    ("shape", "quality", "message"),
    [
        ((8, 8, 2), 50, r"x: expected 1 or 3 channels, got \(8, 8, 2\)"),
        ((8, 8, 1), 0, "quality: expected 1 to 100, got 0"),
        ((8, 8, 1), 101, "quality: expected 1 to 100, got 101"),
    ],
)
def test_rejects(shape, quality, message):
    with pytest.raises(ValueError, match=message):
        jpeg(np.zeros(shape, np.float32), quality)
