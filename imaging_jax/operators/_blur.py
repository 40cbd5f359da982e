from collections.abc import Callable
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from imaging_jax._images import as_image
from imaging_jax.operators._decimation import downsample
from imaging_jax.operators._linear_operator import LinearOperator

Boundary = Literal["circular", "symmetric", "reflect", "zero", "valid"]

_PAD_MODES = {
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
    if boundary == "circular":
        return _convolve_circular(x, kernel)
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
        names = ", ".join(["circular", *_PAD_MODES, "valid"])
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

    @property
    def proximal(self) -> Callable | None:
        """``argmin_x |A x - y|² + rho |x - z|²`` in the Fourier domain; None unless circular."""
        return self._proximal if self.boundary == "circular" else None

    def _proximal(self, y, z, rho):
        otf = optical_transfer_function(self.kernel, self.in_shape[:2])[..., None]
        numerator = otf.conj() * _fft(y) + rho * _fft(z)
        return _inverse_fft(numerator / (jnp.abs(otf) ** 2 + rho), self.in_dtype)


class BlurDownsample(LinearOperator):
    """`blur`, then `downsample`: ``y[i] = (kernel * x)[scale i + offset]``.

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

    @property
    def proximal(self) -> Callable | None:
        """``argmin_x |A x - y|² + rho |x - z|²``, exactly (Zhao et al., 2016, eq. 15).

        None unless the boundary is circular and the sides are multiples of the scale.
        """
        whole_blocks = all(size % self.scale == 0 for size in self.in_shape[:2])
        return self._proximal if self.boundary == "circular" and whole_blocks else None

    def _proximal(self, y, z, rho):
        height, width, _ = self.in_shape
        blocks = (self.scale, height // self.scale, self.scale, width // self.scale)
        # The blur with its kernel decimated after it is diagonal at low resolution: there the
        # response is the mean of those that the decimation folds together.
        power = jnp.abs(optical_transfer_function(self.kernel, (height, width))) ** 2
        response = power.reshape(blocks).mean(axis=(0, 2))[..., None]
        residual = _inverse_fft(_fft(y - self(z)) / (response + rho), self.in_dtype)
        return z + self.H(residual)


def centred_kernel(kernel: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Lays a kernel into a periodic image so that its centre ``floor(size / 2)`` is at (0, 0).

    Args:
      kernel: ``(h, w)``; what reaches beyond the image wraps around.
      shape: ``(H, W)``.

    Returns:
      ``(H, W)``, the circular blur of a point at (0, 0).
    """
    kernel = jnp.asarray(kernel)
    rows, columns = (
        (np.arange(size) - size // 2) % length
        for size, length in zip(kernel.shape, shape, strict=True)
    )
    return jnp.zeros(shape, kernel.dtype).at[rows[:, None], columns].add(kernel)


def optical_transfer_function(kernel: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """The Fourier transform of a circular blur: ``fft2(blur(x)) = otf * fft2(x)`` per channel.

    Args:
      kernel: ``(h, w)``.
      shape: ``(H, W)`` of the image.

    Returns:
      Complex ``(H, W)``, frequency 0 first.
    """
    return jnp.fft.fft2(centred_kernel(kernel, shape))


def _fft(x):
    return jnp.fft.fft2(x, axes=(-3, -2))


def _inverse_fft(spectrum, dtype):
    x = jnp.fft.ifft2(spectrum, axes=(-3, -2))
    return x if jnp.issubdtype(dtype, jnp.complexfloating) else x.real.astype(dtype)


def _pad(x, kernel_shape, mode):
    # Output pixel i reads x[i + c - k], k = 0 ... size - 1.
    rows, columns = ((size - 1 - size // 2, size // 2) for size in kernel_shape)
    return jnp.pad(x, [(0, 0)] * (x.ndim - 3) + [rows, columns, (0, 0)], mode=mode)


def _convolve_circular(x, kernel):
    shape, axes = x.shape[-3:-1], (-3, -2)
    kernel = centred_kernel(kernel.astype(x.real.dtype), shape)[..., None]
    if jnp.iscomplexobj(x):
        return jnp.fft.ifft2(
            jnp.fft.fft2(x, axes=axes) * jnp.fft.fft2(kernel, axes=axes), axes=axes
        )
    product = jnp.fft.rfft2(x, axes=axes) * jnp.fft.rfft2(kernel, axes=axes)
    return jnp.fft.irfft2(product, s=shape, axes=axes)


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
