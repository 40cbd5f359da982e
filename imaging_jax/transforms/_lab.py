import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._images import as_image

# Linear sRGB to XYZ and the white of D65 seen under 2 degrees, in scikit-image's digits.
_RGB_TO_XYZ = np.array(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])
_DARK, _DARK_SLOPE, _DARK_OFFSET = 0.008856, 7.787, 16 / 116


def rgb_to_lab(x: jax.Array) -> jax.Array:
    """Converts sRGB to CIELAB under D65.

    Args:
      x: ``(..., H, W, 3)``, sRGB in [0, 1].

    Returns:
      ``(..., H, W, 3)``: lightness L in [0, 100], a in about [-86, 98], b in [-108, 94].

    Raises:
      ValueError: where ``x`` isn't a real image of three channels.
    """
    x = _three_channels(x)
    # Each branch of a power sees only what is its own, so that gradients stay finite.
    bright = jnp.where(x > 0.04045, x, 1)
    linear = jnp.where(x > 0.04045, ((bright + 0.055) / 1.055) ** 2.4, x / 12.92)
    xyz = _apply(_RGB_TO_XYZ / _WHITE[:, None], linear)
    light = jnp.where(xyz > _DARK, xyz, 1)
    f = jnp.where(xyz > _DARK, jnp.cbrt(light), _DARK_SLOPE * xyz + _DARK_OFFSET)
    fx, fy, fz = jnp.moveaxis(f, -1, 0)
    return jnp.stack([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)], axis=-1)


def lab_to_rgb(x: jax.Array) -> jax.Array:
    """Converts CIELAB under D65 to sRGB; what lies outside of its gamut is clipped.

    Args:
      x: ``(..., H, W, 3)``, L, a and b.

    Returns:
      ``(..., H, W, 3)`` in [0, 1].

    Raises:
      ValueError: where ``x`` isn't a real image of three channels.
    """
    lightness, a, b = jnp.moveaxis(_three_channels(x), -1, 0)
    fy = (lightness + 16) / 116
    f = jnp.stack([fy + a / 500, fy, fy - b / 200], axis=-1)
    light = f > _DARK ** (1 / 3)
    xyz = jnp.where(light, f**3, (f - _DARK_OFFSET) / _DARK_SLOPE)
    linear = _apply(np.linalg.inv(_RGB_TO_XYZ / _WHITE[:, None]), xyz)
    bright = jnp.where(linear > 0.0031308, linear, 1)
    rgb = jnp.where(linear > 0.0031308, 1.055 * bright ** (1 / 2.4) - 0.055, 12.92 * linear)
    return jnp.clip(rgb, 0, 1)


def _apply(matrix, x):
    return jnp.einsum("ij,...j->...i", jnp.asarray(matrix, x.dtype), x, precision="highest")


def _three_channels(x):
    x = as_image("x", x, real=True)
    if x.shape[-1] != 3:
        raise ValueError(f"x: expected (..., H, W, 3), got {x.shape}")
    return x
