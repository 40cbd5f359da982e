import math

import jax
from flax import struct

from imaging_jax._counts import check_counts
from imaging_jax.operators._blur import blur
from imaging_jax.operators._colors import to_grey
from imaging_jax.operators._decimation import downsample
from imaging_jax.operators._kernels import gaussian_kernel
from imaging_jax.operators._linear_operator import LinearOperator


def mtf_kernel(ratio: int, gain: float = 0.3) -> jax.Array:
    """The Gaussian whose transfer function has a given gain at a sensor's Nyquist frequency.

    ``sigma = (ratio / pi) sqrt(-2 ln(gain))`` pixels of the fine grid. The size has the parity of
    the ratio and reaches 3 sigma.

    Args:
      ratio: coarse over fine pixel size.
      gain: in (0, 1).

    Returns:
      A kernel ``(size, size)`` with sum 1.

    Raises:
      ValueError: where ``ratio`` isn't positive or ``gain`` isn't in (0, 1).

    Aiazzi et al., "MTF-tailored multiscale fusion of high-resolution MS and Pan imagery",
    Photogrammetric Engineering & Remote Sensing 72(5), 2006.
    """
    check_counts(ratio=ratio)
    if not 0 < gain < 1:
        raise ValueError(f"gain: expected a number in (0, 1), got {gain}")
    sigma = ratio / math.pi * math.sqrt(-2 * math.log(gain))
    size = 2 * math.ceil(3 * sigma)
    return gaussian_kernel(size + ratio % 2, sigma)


class Pansharpening(LinearOperator):
    """What a satellite measures of a fine image of many bands: coarse bands and a fine grey image.

    ``A x = (decimate(kernel * x), sum_b weights[b] x_b)``. A coarse pixel is centred on its block
    of ``ratio x ratio`` fine ones where the kernel's size has the parity of the ratio; the image
    continues mirrored with its edge pixel repeated.

    Attributes:
      kernel: ``(h, w)``, such as `mtf_kernel`.
      weights: ``(bands,)``, the response of the panchromatic sensor.
      ratio: coarse over fine pixel size.

    Wald, Ranchin, Mangolini, "Fusion of satellite images of different spatial resolutions",
    Photogrammetric Engineering & Remote Sensing 63(6), 1997.
    """

    kernel: jax.Array
    weights: jax.Array
    ratio: int = struct.field(pytree_node=False, default=4)

    def forward(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The coarse bands and the panchromatic image of ``x`` of shape ``in_shape``."""
        return pansharpening(x, self.kernel, self.weights, self.ratio)


def pansharpening(
    x: jax.Array, kernel: jax.Array, weights: jax.Array, ratio: int = 4
) -> tuple[jax.Array, jax.Array]:
    """The map of `Pansharpening` as a function.

    Args:
      x: images ``(..., H, W, bands)``.
      kernel: ``(h, w)``.
      weights: ``(bands,)``.
      ratio: coarse over fine pixel size.

    Returns:
      Coarse images ``(..., H / ratio, W / ratio, bands)`` and grey ones ``(..., H, W, 1)``.

    Raises:
      ValueError: where the sides of ``x`` aren't multiples of ``ratio``, or an argument doesn't
        suit `blur`, `downsample` or `to_grey`.
    """
    grey = to_grey(x, weights)
    if ratio < 1 or any(size % ratio for size in grey.shape[-3:-1]):
        raise ValueError(f"x: expected sides that are multiples of ratio={ratio}, got {x.shape}")
    coarse = downsample(blur(x, kernel, "symmetric"), ratio, (ratio - 1) // 2)
    return coarse, grey
