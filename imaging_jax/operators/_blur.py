from typing import Literal

import jax
import jax.numpy as jnp
from flax import struct

from imaging_jax.operators._decimation import downsample
from imaging_jax.operators._images import as_image
from imaging_jax.operators._linear_operator import LinearOperator

Boundary = Literal["circular", "symmetric", "reflect", "zero", "valid"]

_PAD_MODES = {
    "circular": "wrap",
    "symmetric": "symmetric",
    "reflect": "reflect",
    "zero": "constant",
}


def blur(x: jax.Array, kernel: jax.Array, boundary: Boundary = "circular") -> jax.Array:
    """Convolves every channel of images with a kernel, by the fast Fourier transform.

    True convolution: a point becomes the kernel, not its mirror image. Along each axis
    ``y[i] = sum_k kernel[k] x[i + c - k]`` with the centre ``c = floor(size / 2)``, so a symmetric
    kernel of even size moves the image by half a pixel, towards lower indices.

    Args:
      x: images ``(..., H, W, C)``, real or complex.
      kernel: ``(h, w)``, real, odd or even; cast to the precision of ``x``.
      boundary: how the image continues: ``"circular"`` periodically, ``"symmetric"`` mirrored with
        the edge pixel repeated, ``"reflect"`` mirrored without, ``"zero"`` with zeros; ``"valid"``
        keeps only the pixels whose window lies inside.

    Returns:
      Images of the shape of ``x``, or ``(..., H - h + 1, W - w + 1, C)`` where ``"valid"``.

    Raises:
      ValueError: where ``x`` isn't a floating-point image, ``kernel`` isn't a real matrix, the
        image is smaller than a ``"valid"`` kernel or one pixel wide where it is reflected, or
        ``boundary`` isn't one of those above.
    """
    x = as_image("x", x)
    kernel = jnp.asarray(kernel)
    if kernel.ndim != 2 or 0 in kernel.shape or jnp.iscomplexobj(kernel):
        raise ValueError(
            f"kernel: expected a real matrix (h, w), got {kernel.dtype} of shape {kernel.shape}"
        )
    if boundary == "valid":
        if kernel.shape[0] > x.shape[-3] or kernel.shape[1] > x.shape[-2]:
            raise ValueError(
                f"x: expected at least as many pixels as the kernel {kernel.shape}, got {x.shape}"
            )
    elif boundary in _PAD_MODES:
        if boundary == "reflect" and 1 in x.shape[-3:-1]:
            raise ValueError(f"x: expected at least 2 pixels a side to reflect, got {x.shape}")
        x = _pad(x, kernel.shape, _PAD_MODES[boundary])
    else:
        names = ", ".join([*_PAD_MODES, "valid"])
        raise ValueError(f"boundary: expected one of {names}, got {boundary!r}")
    return _convolve_valid(x, kernel)


class Blur(LinearOperator):
    """`blur` as a linear operator, differentiable in its kernel.

    Attributes:
      kernel: ``(h, w)``, real.
      boundary: as of `blur`.
    """

    kernel: jax.Array
    boundary: Boundary = struct.field(pytree_node=False, default="circular")

    def forward(self, x: jax.Array) -> jax.Array:
        """Blurs ``x`` of shape ``in_shape``."""
        return blur(x, self.kernel, self.boundary)


class BlurDownsample(LinearOperator):
    """`blur`, then `downsample`: the classical degradation of super-resolution.

    Attributes:
      kernel: ``(h, w)``, real.
      scale: of the decimation.
      offset: row and column of the first pixel kept.
      boundary: as of `blur`.
    """

    kernel: jax.Array
    scale: int = struct.field(pytree_node=False)
    offset: int = struct.field(pytree_node=False, default=0)
    boundary: Boundary = struct.field(pytree_node=False, default="circular")

    def forward(self, x: jax.Array) -> jax.Array:
        """Blurs and decimates ``x`` of shape ``in_shape``."""
        return downsample(blur(x, self.kernel, self.boundary), self.scale, self.offset)


def _pad(x, kernel_shape, mode):
    # Output pixel i reads x[i + c - k], k = 0 ... size - 1.
    rows, columns = ((size - 1 - size // 2, size // 2) for size in kernel_shape)
    return jnp.pad(x, [(0, 0)] * (x.ndim - 3) + [rows, columns, (0, 0)], mode=mode)


def _convolve_valid(x, kernel):
    # The transform takes the same few milliseconds for a 3x3 and a 25x25 kernel, and for the
    # gradients with respect to image and kernel; XLA's convolution is up to 200 times slower (CPU).
    real = not jnp.iscomplexobj(x)
    shape, axes = x.shape[-3:-1], (-3, -2)
    kernel = kernel.astype(x.real.dtype)[:, :, None]
    if real:
        product = jnp.fft.rfft2(x, axes=axes) * jnp.fft.rfft2(kernel, s=shape, axes=axes)
        y = jnp.fft.irfft2(product, s=shape, axes=axes)
    else:
        product = jnp.fft.fft2(x, axes=axes) * jnp.fft.fft2(kernel, s=shape, axes=axes)
        y = jnp.fft.ifft2(product, axes=axes)
    # A window that wraps around is not among the valid ones.
    return y[..., kernel.shape[0] - 1 :, kernel.shape[1] - 1 :, :]
