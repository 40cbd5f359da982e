import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._images import as_image
from imaging_jax.operators._eight_bit import from_levels
from imaging_jax.operators._resize import resize

# ITU-T T.81, annex K.1: luminance and chrominance at quality 50.
_LUMINANCE_TABLE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)
_CHROMINANCE_TABLE = np.full((8, 8), 99)
_CHROMINANCE_TABLE[:4, :4] = [
    [17, 18, 24, 47],
    [18, 21, 26, 66],
    [24, 26, 56, 99],
    [47, 66, 99, 99],
]

# JFIF: full-range BT.601; Y, Cb, Cr from R, G, B.
_RGB_TO_YCBCR = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
)

_FREQUENCY, _POSITION = np.mgrid[:8, :8]
_DCT = np.cos(np.pi * (2 * _POSITION + 1) * _FREQUENCY / 16) / 2
_DCT[0] /= np.sqrt(2)


def jpeg(x: jax.Array, quality: float | jax.Array) -> jax.Array:
    """Compresses and decompresses by baseline JPEG, differentiably.

    Colour images go through YCbCr with chroma at half resolution, as by default in libjpeg; sides
    that are no multiple of the blocks' are padded by repeating the edge. Values are rounded as in
    the file, and the derivative of rounding is taken as 1.

    Args:
      x: ``(..., H, W, 1 or 3)``, grey or RGB in [0, 1].
      quality: of libjpeg, 1 to 100; may be traced.

    Returns:
      An image of the same shape and type, its values 8-bit levels k/255.

    Raises:
      ValueError: where ``x`` isn't a real grey or RGB image, or a ``quality`` known at trace time
        is out of range.

    Source: ITU-T T.81 (1992), annexes A and K; quality as in libjpeg; straight-through rounding,
    Bengio, Léonard, Courville, arXiv 1308.3432, 2013.
    """
    x = as_image("x", x, real=True)
    if x.shape[-1] not in (1, 3):
        raise ValueError(f"x: expected 1 or 3 channels, got {x.shape}")
    if jnp.ndim(quality):
        raise ValueError(f"quality: expected one number, got shape {jnp.shape(quality)}")
    if not isinstance(quality, jax.core.Tracer) and not 1 <= quality <= 100:
        raise ValueError(f"quality: expected 1 to 100, got {quality}")
    levels = _round(255 * jnp.clip(x, 0, 1))
    if x.shape[-1] == 1:
        decoded = _code(levels, _LUMINANCE_TABLE, quality)
    else:
        decoded = _code_colour(levels, quality)
    return from_levels(_round(jnp.clip(decoded, 0, 255)))


def _code_colour(rgb, quality):
    matrix = jnp.asarray(_RGB_TO_YCBCR, rgb.dtype)
    ycbcr = _round(_mix(matrix, rgb) + jnp.asarray([0, 128, 128], rgb.dtype))
    height, width = rgb.shape[-3:-1]
    y = _code(ycbcr[..., :1], _LUMINANCE_TABLE, quality)
    chroma = _pad_to_multiple(ycbcr[..., 1:], 2)
    *leading, rows, columns, channels = chroma.shape
    chroma = chroma.reshape(*leading, rows // 2, 2, columns // 2, 2, channels).mean((-4, -2))
    # libjpeg rounds halves down and up by turns, column by column.
    chroma = _round(chroma - 1 / 8 * (1 - jnp.arange(columns // 2)[:, None] % 2))
    chroma = _code(chroma, _CHROMINANCE_TABLE, quality)
    # Bilinear with half-pixel centres: libjpeg's triangle filter, weights 3/4 and 1/4.
    # It leaves narrow planes as they are.
    chroma = resize(chroma, 2, kernel="bilinear" if columns // 2 > 2 else "nearest")
    chroma = _round(chroma - 1 / 32 * (jnp.arange(columns)[:, None] % 2))[..., :height, :width, :]
    return _mix(jnp.linalg.inv(matrix), jnp.concatenate([y, chroma - 128], axis=-1))


def _code(plane, table, quality):
    """Blocks of 8x8 to DCT coefficients, rounded to multiples of the table, and back."""
    height, width = plane.shape[-3:-1]
    padded = _pad_to_multiple(plane, 8) - 128
    *leading, rows, columns, channels = padded.shape
    blocks = padded.reshape(*leading, rows // 8, 8, columns // 8, 8, channels)
    steps = _steps(table, quality).astype(plane.dtype)[:, None, :, None]
    dct = jnp.asarray(_DCT, plane.dtype)
    # libjpeg holds coefficients in eighths before it divides.
    coefficients = steps * _round(_round(8 * _both_ways(dct, blocks)) / (8 * steps))
    decoded = _both_ways(dct.T, coefficients).reshape(padded.shape) + 128
    return _round(jnp.clip(decoded, 0, 255))[..., :height, :width, :]


def _steps(table, quality):
    quality = jnp.asarray(quality, jnp.float32)
    percent = jnp.where(quality < 50, jnp.floor(5000 / quality), 200 - 2 * quality)
    return jnp.clip(jnp.floor((jnp.asarray(table) * percent + 50) / 100), 1, 255)


def _both_ways(matrix, blocks):
    return jnp.einsum(
        "uy,...yxjc,vj->...uxvc",
        matrix,
        blocks,
        matrix,
        precision=jax.lax.Precision.HIGHEST,
    )


def _mix(matrix, image):
    return jnp.einsum("ij,...j->...i", matrix, image, precision=jax.lax.Precision.HIGHEST)


def _pad_to_multiple(x, size):
    height, width = x.shape[-3:-1]
    margins = [(0, 0)] * (x.ndim - 3) + [(0, -height % size), (0, -width % size), (0, 0)]
    return jnp.pad(x, margins, mode="edge")


def _round(x):
    rounded = jax.lax.round(x, jax.lax.RoundingMethod.AWAY_FROM_ZERO)
    return x + jax.lax.stop_gradient(rounded - x)
