import math
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from imaging_jax._images import as_image
from imaging_jax.operators import resize

_BLOCK = 96
_SCALES = 2
_FEATURES = 18 * _SCALES

_WINDOW = np.exp(-(np.arange(-3, 4) ** 2) / (2 * (7 / 6) ** 2))
_WINDOW = _WINDOW / _WINDOW.sum()
# Below it, in 8-bit levels, a pixel's deviation from its surroundings is a rounding error.
_FLAT = 1e-9

_SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))

# The generalised Gaussian of shape α: what its fit needs of the gamma function, on a grid of α.
_ALPHAS = 0.2 + 0.001 * np.arange(9801)
_GAMMA_1, _GAMMA_2, _GAMMA_3 = (
    np.array([math.gamma(n / alpha) for alpha in _ALPHAS]) for n in (1, 2, 3)
)
_RATIOS = _GAMMA_2**2 / (_GAMMA_1 * _GAMMA_3)  # increases with α


@struct.dataclass
class NIQEModel:
    """The Gaussian of pristine images' features, in float64.

    Attributes:
      mean: ``(36,)``.
      covariance: ``(36, 36)``.
    """

    mean: np.ndarray
    covariance: np.ndarray


def niqe_model(arrays: Mapping[str, np.ndarray]) -> NIQEModel:
    """Maps the published parameters, of 125 pristine images, to a `NIQEModel`.

    Args:
      arrays: ``mu_pris_param`` of shape (1, 36) and ``cov_pris_param`` of shape (36, 36), as
        `imaging_jax.pretrained.read` gives them.

    Returns:
      The model.

    Raises:
      ValueError: where one of them is missing or has another shape.
    """
    wanted = {"mu_pris_param": (1, _FEATURES), "cov_pris_param": (_FEATURES, _FEATURES)}
    found = {name: np.shape(array) for name, array in arrays.items() if name in wanted}
    if found != wanted:
        raise ValueError(f"arrays: expected {wanted}, got {found} among {sorted(arrays)}")
    mean, covariance = (np.asarray(arrays[name], np.float64) for name in wanted)
    return NIQEModel(mean[0], covariance)


def niqe(image: jax.Array, model: NIQEModel) -> jax.Array:
    """Natural image quality evaluator NIQE, without reference; smaller is more natural.

    The distance of two Gaussians, of pristine images' features and of this image's: 18 to each of
    two scales and each block of 96x96 pixels, the image cropped to whole blocks at the right and
    the bottom. Computed in float64.

    The published programs see 8-bit images, so round first (`imaging_jax.operators.round_to_8bit`):
    MATLAB's rgb2gray in the paper, `imaging_jax.transforms.luminance` with 4 pixels shaved off in
    super-resolution. An unrounded luminance has another score, by one or two per cent.

    Where a window is flat, the published programs count the signs of rounding errors, which moves
    the score of images with large flat areas by some per cent; here such a pixel deviates by 0. A
    block that has not both positive and negative deviations is left out. Few blocks, below about
    40, make an unstable score. No objective for training: the fits look their shape up in a table,
    which has no gradient.

    Args:
      image: ``(..., H, W, 1)``, grey or luminance in [0, 1], at least two blocks.
      model: of the pristine images, such as `niqe_model` reads.

    Returns:
      ``(...)``, float64; NaN where fewer than two blocks aren't flat.

    Raises:
      ValueError: where ``image`` isn't a real floating-point image of one channel, has fewer than
        two blocks of 96x96 pixels, or the arrays of ``model`` have other shapes.

    Mittal, Soundararajan, Bovik, "Making a completely blind image quality analyzer", IEEE Signal
    Processing Letters 20(3), 2013, equations 1 to 10.
    """
    with jax.enable_x64(True):
        image = as_image("image", image, real=True)
        _check_blocks(image)
        _check_model(model)
        mean, covariance = (jnp.asarray(x, jnp.float64) for x in (model.mean, model.covariance))
        return _distance(image.astype(jnp.float64), mean, covariance)


@jax.jit
def _distance(image, pristine_mean, pristine_covariance):
    mean, covariance = _moments(_features(image))
    difference = pristine_mean - mean
    inverse = jnp.linalg.pinv((pristine_covariance + covariance) / 2, hermitian=True)
    return jnp.sqrt(jnp.einsum("...i,...ij,...j->...", difference, inverse, difference))


def _features(image):
    """(..., blocks, 36), those of the full image first."""
    rows, columns = (size // _BLOCK for size in image.shape[-3:-1])
    image = 255 * image[..., : rows * _BLOCK, : columns * _BLOCK, :]
    moments = []
    for scale in range(_SCALES):
        image = resize(image, 0.5) if scale else image
        moments.append(_moments_of_products(_blocks(_normalised(image)[..., 0], rows, columns)))
    index, beta_left, beta_right = _asymmetric_generalised_gaussian(*jnp.stack(moments, axis=-2))
    alpha = jnp.asarray(_ALPHAS)[index]
    eta = (beta_right - beta_left) * jnp.asarray(_GAMMA_2 / _GAMMA_1)[index]
    of_blocks = jnp.stack([alpha, (beta_left + beta_right) / 2], axis=-1)[..., 0, :]
    of_products = jnp.stack([alpha, eta, beta_left, beta_right], axis=-1)[..., 1:, :]
    of_products = of_products.reshape(*of_products.shape[:-2], -1)
    features = jnp.concatenate([of_blocks, of_products], axis=-1)
    return features.reshape(*features.shape[:-2], _FEATURES)


def _moments_of_products(blocks):
    """(3, ..., blocks, 5): left and right mean square, and mean² of the modulus over mean square.

    Of the blocks and of their products with themselves one pixel on, around the block's border.
    """
    products = [blocks * jnp.roll(blocks, shift, axis=(-2, -1)) for shift in _SHIFTS]
    x = jnp.stack([blocks, *products], axis=-3)
    square = x**2

    def mean_square(side):
        return jnp.sum(jnp.where(side, square, 0), axis=(-2, -1)) / jnp.sum(side, axis=(-2, -1))

    modulus = jnp.mean(jnp.abs(x), axis=(-2, -1))
    ratio = modulus**2 / jnp.mean(square, axis=(-2, -1))
    return jnp.stack([mean_square(x < 0), mean_square(x > 0), ratio])


def _normalised(image):
    """Mean subtracted, contrast normalised (MSCN): equations 1 to 3."""
    mean, mean_square = _window_mean(jnp.stack([image, image**2]))
    sigma = jnp.sqrt(jnp.abs(mean_square - mean**2))
    deviation = image - mean
    return jnp.where(jnp.abs(deviation) < _FLAT, 0, deviation) / (sigma + 1)


def _window_mean(x):
    """The Gaussian mean around every pixel, the image continued by its edge."""
    for axis in (x.ndim - 3, x.ndim - 2):
        padded = jnp.pad(x, [(3, 3) if k == axis else (0, 0) for k in range(x.ndim)], mode="edge")
        x = sum(
            weight * jax.lax.slice_in_dim(padded, k, k + x.shape[axis], axis=axis)
            for k, weight in enumerate(_WINDOW)
        )
    return x


def _blocks(x, rows, columns):
    """(..., H, W) to (..., rows * columns, H / rows, W / columns)."""
    *leading, height, width = x.shape
    x = x.reshape(*leading, rows, height // rows, columns, width // columns)
    return jnp.swapaxes(x, -3, -2).reshape(
        *leading, rows * columns, height // rows, width // columns
    )


def _asymmetric_generalised_gaussian(left_square, right_square, ratio):
    """The fit's index of α in its grid, left β and right β."""
    left, right = jnp.sqrt(left_square), jnp.sqrt(right_square)
    gamma = left / right
    ratio = ratio * (gamma**3 + 1) * (gamma + 1) / (gamma**2 + 1) ** 2
    index = _nearest(jnp.asarray(_RATIOS), ratio)
    scale = jnp.sqrt(jnp.asarray(_GAMMA_1 / _GAMMA_3))[index]
    return index, left * scale, right * scale


def _nearest(increasing, x):
    """The index of the value nearest to ``x``; the lower one of two as near."""
    above = jnp.clip(jnp.searchsorted(increasing, x), 1, len(increasing) - 1)
    nearer_below = (x - increasing[above - 1]) ** 2 <= (increasing[above] - x) ** 2
    return jnp.where(nearer_below, above - 1, above)


def _moments(features):
    """Mean and covariance over the blocks that have all features."""
    valid = jnp.all(jnp.isfinite(features), axis=-1, keepdims=True)
    count = jnp.sum(valid, axis=-2)
    mean = jnp.sum(jnp.where(valid, features, 0), axis=-2) / count
    centred = jnp.where(valid, features - mean[..., None, :], 0)
    scatter = jnp.einsum("...ni,...nj->...ij", centred, centred)
    return mean, scatter / (count - 1)[..., None]


def _check_blocks(image):
    height, width, channels = image.shape[-3:]
    if channels != 1:
        raise ValueError(f"image: expected shape (..., H, W, 1), got {image.shape}")
    blocks = (height // _BLOCK) * (width // _BLOCK)
    if blocks < 2:
        raise ValueError(
            f"image: expected at least 2 blocks of {_BLOCK}x{_BLOCK} pixels, got {blocks} "
            f"in {image.shape}"
        )


def _check_model(model):
    shapes = np.shape(model.mean), np.shape(model.covariance)
    if shapes != ((_FEATURES,), (_FEATURES, _FEATURES)):
        raise ValueError(
            f"model: expected a mean ({_FEATURES},) and a covariance ({_FEATURES}, {_FEATURES}), "
            f"got {shapes}"
        )
