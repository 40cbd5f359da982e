"""Degradations by name: how a measurement comes about, inside the compiled step.

The names and their values stand in `train.data.presets`.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax import operators, solvers
from train.data.presets import PRESETS


def _resize(key, x, scale, rounding):
    del key
    return operators.resize(x, 1 / scale, rounding=rounding)


def _gaussian_blur(key, x, scale, size, sigma):
    del key, scale
    kernel = operators.gaussian_kernel(size, sigma)
    return operators.blur(x, kernel, boundary="symmetric")


def _circular_gaussian_blur(key, x, scale, size, sigma):
    del key, scale
    return operators.blur(x, operators.gaussian_kernel(size, sigma))


def _decimated_gaussian_blur(key, x, scale, size, sigma):
    blurred = _circular_gaussian_blur(key, x, scale, size, sigma)
    return operators.downsample(blurred, scale)


def _bayer_mosaic(key, x, scale):
    del key, scale
    return operators.bayer_mosaic(x)


def _box_blur(key, x, scale, size):
    del key, scale
    return operators.blur(x, operators.box_kernel(size))


def _diagonal_motion(key, x, scale, length):
    del key, scale
    return operators.blur(x, diagonal_kernel(length))


def _gaussian_noise(key, x, scale, sigma):
    del scale
    return operators.gaussian_noise(key, x, sigma)


def _random_mask(key, x, scale, kept):
    """Leaves out pixels, all channels of each."""
    del scale
    mask = jax.random.bernoulli(key, kept, (*x.shape[:-1], 1))
    return jnp.where(mask, x, 0)


def _jpeg(key, x, scale, quality):
    del key, scale
    return operators.jpeg(x, quality)


def _jpeg_of_drawn_quality(key, x, scale, lowest, highest):
    """Draws a whole quality for each image."""
    del scale
    images = x.reshape(-1, *x.shape[-3:])
    qualities = jax.random.randint(key, images.shape[:1], lowest, highest + 1)
    return jax.vmap(operators.jpeg)(images, qualities).reshape(x.shape)


def _radon(key, x, scale, views):
    del key, scale
    return operators.radon(x, view_angles(views))


MEASURE = {
    "bayer_mosaic": _bayer_mosaic,
    "box_blur": _box_blur,
    "circular_gaussian_blur": _circular_gaussian_blur,
    "decimated_gaussian_blur": _decimated_gaussian_blur,
    "diagonal_motion": _diagonal_motion,
    "gaussian_blur": _gaussian_blur,
    "gaussian_noise": _gaussian_noise,
    "jpeg": _jpeg,
    "jpeg_of_drawn_quality": _jpeg_of_drawn_quality,
    "radon": _radon,
    "random_mask": _random_mask,
    "resize": _resize,
}


def _inscribed_disc(x):
    if x.shape[-3] != x.shape[-2]:
        raise ValueError(f"tomography wants square images, got {x.shape}")
    size = x.shape[-2]
    offsets = np.arange(size) - size // 2
    inside = offsets[:, None] ** 2 + offsets**2 <= (size // 2) ** 2
    return jnp.where(inside[..., None], x, 0)


def _back_projection_of_views(x, views):
    return _filtered_back_projection(operators.radon(x, view_angles(views)), views)


REFERENCE = {
    "back_projection_of_views": _back_projection_of_views,
    "inscribed_disc": _inscribed_disc,
}


def _wiener(y, length, noise_to_signal):
    return solvers.wiener(y, diagonal_kernel(length), noise_to_signal, "gradient")


def _filtered_back_projection(y, views):
    return operators.filtered_back_projection(y, view_angles(views))


def _normalized_convolution(y, size, sigma):
    """Fills lost pixels by the weighted mean of those around (Knutsson and Westin, 1993)."""
    kernel = operators.gaussian_kernel(size, sigma)
    kept = _kept(y)
    seen, weight = (operators.blur(x, kernel, boundary="symmetric") for x in (y, kept))
    # Where nothing was kept as far as the kernel reaches, the pixel stays lost.
    filled = jnp.where(weight > 1e-6, seen / jnp.maximum(weight, 1e-6), 0)
    return jnp.where(kept > 0, y, filled)


def _demosaic(y):
    return solvers.demosaic(y)


ESTIMATE = {
    "demosaic": _demosaic,
    "filtered_back_projection": _filtered_back_projection,
    "inscribed_disc": _inscribed_disc,
    "normalized_convolution": _normalized_convolution,
    "wiener": _wiener,
}


def _bayer_operator(y, scale):
    del scale
    return operators.BayerMosaic(in_shape=(*y.shape[:2], 3), in_dtype=y.dtype)


def _decimated_operator(y, scale, **values):
    height, width, channels = y.shape
    shape = (scale * height, scale * width, channels)
    kernel = operators.gaussian_kernel(**values)
    return operators.BlurDownsample(kernel, scale, in_shape=shape, in_dtype=y.dtype)


def _blur_by(kernel):
    def operator(y, scale, **values):
        del scale
        return operators.Blur(kernel(**values), in_shape=y.shape, in_dtype=y.dtype)

    return operator


def _kept(y):
    # Noise leaves no pixel that was kept at exactly 0.
    return jnp.any(y != 0, axis=-1, keepdims=True).astype(y.dtype)


def _mask_operator(y, scale, kept):
    del scale, kept
    return operators.Inpainting(_kept(y), in_shape=y.shape, in_dtype=y.dtype)


def _radon_operator(y, scale, views):
    del scale
    size, _, channels = y.shape
    angles = jnp.asarray(view_angles(views), y.dtype)
    return operators.Radon(angles, in_shape=(size, size, channels), in_dtype=y.dtype)


def diagonal_kernel(length: int) -> jax.Array:
    """The blur of a motion over `length` pixels down and to the right."""
    return jnp.eye(length) / length


OPERATORS = {
    "bayer_mosaic": _bayer_operator,
    "box_blur": _blur_by(operators.box_kernel),
    "circular_gaussian_blur": _blur_by(operators.gaussian_kernel),
    "decimated_gaussian_blur": _decimated_operator,
    "diagonal_motion": _blur_by(diagonal_kernel),
    "radon": _radon_operator,
    "random_mask": _mask_operator,
}


def view_angles(views: int) -> np.ndarray:
    """Angles of so many views over half a turn, in degrees."""
    return np.arange(views) * (180 / views)


def reference(preset: str, x: jax.Array) -> jax.Array:
    """The part of images (..., H, W, C) that the named degradation measures."""
    for name, values in PRESETS[preset].reference:
        x = REFERENCE[name](x, **values)
    return x


def target(preset: str, x: jax.Array) -> jax.Array:
    """What should be restored of reference images (..., H, W, C) by the named degradation."""
    for name, values in PRESETS[preset].target:
        x = REFERENCE[name](x, **values)
    return x


def degrade(key: jax.Array, x: jax.Array, preset: str, scale: int) -> jax.Array:
    """Applies the named degradation to images (..., H, W, C) in [0, 1].

    Args:
      key: for the random parts.
      x: reference images.
      preset: a name of PRESETS.
      scale: the factor by which resizing operators shrink the image.
    """
    for index, (name, values) in enumerate(PRESETS[preset].measure):
        x = MEASURE[name](jax.random.fold_in(key, index), x, scale, **values)
    return x


def noiseless(preset: str, x: jax.Array) -> jax.Array:
    """What a named degradation of one scale makes of images (..., H, W, C) without its noise."""
    for name, values in PRESETS[preset].measure:
        if name != "gaussian_noise":
            x = MEASURE[name](jax.random.key(0), x, PRESETS[preset].scale, **values)
    return x


def has_operator(preset: str) -> bool:
    """Whether the named degradation is one known linear operator and noise."""
    steps = [name for name, _ in PRESETS[preset].measure if name != "gaussian_noise"]
    return len(steps) == 1 and steps[0] in OPERATORS


def noise_level(preset: str) -> float:
    """Standard deviation of the white noise of the named degradation; 0 where it has none."""
    levels = [
        values["sigma"] for name, values in PRESETS[preset].measure if name == "gaussian_noise"
    ]
    return sum(level**2 for level in levels) ** 0.5


def linear_operator(preset: str, y: jax.Array) -> operators.LinearOperator:
    """The linear part of the named degradation, that made the measurement y of one image.

    Raises:
      ValueError: a degradation without one that is known here.
    """
    if not has_operator(preset):
        raise ValueError(f"the degradation {preset} has no linear operator that is known here")
    name, values = next(step for step in PRESETS[preset].measure if step[0] in OPERATORS)
    return OPERATORS[name](y, PRESETS[preset].scale, **values)


def data_step(preset: str, y: jax.Array) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """Makes (z, rho) -> argmin_x |A x - y|² + rho |x - z|² of measurements (N, ...)."""

    def step(y, z, rho):
        def of_one(y, z):
            return solvers.data_proximal(linear_operator(preset, y), y, z, rho)

        return jax.vmap(of_one)(y, z)

    return jax.tree_util.Partial(step, y)


def estimate(preset: str, y: jax.Array) -> jax.Array:
    """The image that a network is given of a measurement by the named degradation."""
    for name, values in PRESETS[preset].estimate:
        y = ESTIMATE[name](y, **values)
    return y
