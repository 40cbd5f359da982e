import jax
import jax.numpy as jnp
import numpy as np

# BT.601, studio range: Y, Cb, Cr in 8-bit levels from R, G, B in [0, 1].
_RGB_TO_YCBCR = np.array(
    [
        [65.481, 128.553, 24.966],
        [-37.797, -74.203, 112.0],
        [112.0, -93.786, -18.214],
    ]
)
_OFFSET = np.array([16.0, 128.0, 128.0])


def rgb_to_ycbcr(x: jax.Array) -> jax.Array:
    """Converts RGB to YCbCr, ITU-R BT.601, studio range, as MATLAB's rgb2ycbcr.

    Args:
      x: ``(..., H, W, 3)``, RGB in [0, 1].

    Returns:
      ``(..., H, W, 3)``: Y in [16/255, 235/255], Cb and Cr in [16/255, 240/255].

    Raises:
      ValueError: where ``x`` hasn't three channels or isn't floating point.
    """
    x = _as_color_image(x)
    return _apply(_RGB_TO_YCBCR / 255, x) + jnp.asarray(_OFFSET / 255, x.dtype)


def ycbcr_to_rgb(x: jax.Array) -> jax.Array:
    """Inverts `rgb_to_ycbcr`, without clipping.

    Args:
      x: ``(..., H, W, 3)``, YCbCr in studio range.

    Returns:
      ``(..., H, W, 3)``, RGB; in [0, 1] where ``x`` is the YCbCr of such an image.

    Raises:
      ValueError: where ``x`` hasn't three channels or isn't floating point.
    """
    x = _as_color_image(x)
    inverse = np.linalg.inv(_RGB_TO_YCBCR / 255)
    return _apply(inverse, x - jnp.asarray(_OFFSET / 255, x.dtype))


def luminance(x: jax.Array) -> jax.Array:
    """The Y of `rgb_to_ycbcr`.

    A grey image is its own luminance in the super-resolution tables: score it as it is.

    Args:
      x: ``(..., H, W, 3)``, RGB in [0, 1].

    Returns:
      ``(..., H, W, 1)``, in [16/255, 235/255].

    Raises:
      ValueError: where ``x`` hasn't three channels or isn't floating point.
    """
    x = _as_color_image(x)
    return _apply(_RGB_TO_YCBCR[:1] / 255, x) + jnp.asarray(_OFFSET[0] / 255, x.dtype)


def _apply(matrix, x):
    matrix = jnp.asarray(matrix, x.dtype)
    return jnp.einsum("ij,...j->...i", matrix, x, precision=jax.lax.Precision.HIGHEST)


def _as_color_image(x):
    if np.ndim(x) < 3 or np.shape(x)[-1] != 3:
        raise ValueError(f"x: expected shape (..., H, W, 3), got {np.shape(x)}")
    x = jnp.asarray(x)
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise ValueError(f"x: expected floating point, got dtype {x.dtype}")
    return x
