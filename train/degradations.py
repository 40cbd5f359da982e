"""Degradations by name: how training pairs are made, inside the compiled step."""

import jax

from imaging_jax import operators

# Each preset is a list of (operator, values), applied in order to the reference image.
PRESETS = {
    "bicubic": [("resize", {"rounding": "none"})],
    "bicubic_8bit": [("resize", {"rounding": "once"})],
    # BD and DN of the super-resolution literature (Zhang et al., RDN, 2018).
    "blur_bicubic": [
        ("gaussian_blur", {"size": 7, "sigma": 1.6}),
        ("resize", {"rounding": "once"}),
    ],
    "bicubic_noise": [
        ("resize", {"rounding": "none"}),
        ("gaussian_noise", {"sigma": 30 / 255}),
    ],
    "jpeg_20": [("jpeg", {"quality": 20})],
}


def _resize(key, x, scale, rounding):
    del key
    return operators.resize(x, 1 / scale, rounding=rounding)


def _gaussian_blur(key, x, scale, size, sigma):
    del key, scale
    kernel = operators.gaussian_kernel(size, sigma)
    return operators.blur(x, kernel, boundary="symmetric")


def _gaussian_noise(key, x, scale, sigma):
    del scale
    return operators.gaussian_noise(key, x, sigma)


def _jpeg(key, x, scale, quality):
    del key, scale
    return operators.jpeg(x, quality)


OPERATORS = {
    "resize": _resize,
    "gaussian_blur": _gaussian_blur,
    "gaussian_noise": _gaussian_noise,
    "jpeg": _jpeg,
}


def degrade(key: jax.Array, x: jax.Array, preset: str, scale: int) -> jax.Array:
    """Applies the named degradation to images (..., H, W, C) in [0, 1].

    Args:
      key: for the random parts.
      x: reference images.
      preset: a name of PRESETS.
      scale: the factor by which resizing operators shrink the image.
    """
    for index, (name, values) in enumerate(PRESETS[preset]):
        x = OPERATORS[name](jax.random.fold_in(key, index), x, scale, **values)
    return x
