import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._images import as_image
from imaging_jax.operators._linear_operator import LinearOperator

_AXES = (-3, -2)


def fourier_shift(x: jax.Array, shift: jax.Array) -> jax.Array:
    """Moves periodic images by fractions of a pixel, by trigonometric interpolation.

    The frequency (k, l) is multiplied by ``exp(-2 pi i (k dy / H + l dx / W))``; at the Nyquist
    frequency of an even side by the real part ``cos(pi d)``, which keeps real images real. The
    transpose is the shift back.

    Args:
      x: images ``(..., H, W, C)``, real or complex.
      shift: ``(2,)``, (dy, dx) in pixels, towards larger indices.

    Returns:
      Images of the shape and dtype of ``x``, differentiable in both arguments.

    Raises:
      ValueError: where ``x`` isn't a floating-point image or ``shift`` isn't a real pair.
    """
    x = as_image("x", x)
    moved = jnp.fft.ifft2(_response(shift, x) * jnp.fft.fft2(x, axes=_AXES), axes=_AXES)
    return moved if jnp.iscomplexobj(x) else moved.real


class FourierShift(LinearOperator):
    """`fourier_shift` as a linear operator, differentiable in its shift.

    Attributes:
      shift: ``(2,)``, (dy, dx) in pixels.
    """

    shift: jax.Array

    def forward(self, x: jax.Array) -> jax.Array:
        """Moves ``x`` of shape ``in_shape``."""
        return fourier_shift(x, self.shift)

    @property
    def proximal(self):
        """``argmin_x |A x - y|² + rho |x - z|²`` in the Fourier domain."""
        return self._proximal

    def _proximal(self, y, z, rho):
        response = _response(self.shift, z)
        spectrum = jnp.fft.fft2(self.H(y) + rho * z, axes=_AXES)
        x = jnp.fft.ifft2(spectrum / (jnp.abs(response) ** 2 + rho), axes=_AXES)
        return x if jnp.issubdtype(self.in_dtype, jnp.complexfloating) else x.real


def _response(shift, x):
    if np.shape(shift) != (2,) or jnp.iscomplexobj(shift):
        raise ValueError(f"shift: expected a real pair (dy, dx), got shape {np.shape(shift)}")
    shift = jnp.asarray(shift, jnp.finfo(x.dtype).dtype)
    rows, columns = (_axis_response(d, n) for d, n in zip(shift, x.shape[-3:-1], strict=True))
    return (rows[:, None] * columns[None, :])[..., None]


def _axis_response(distance, size):
    phase = -2 * np.pi * np.fft.fftfreq(size).astype(distance.dtype) * distance
    response = jax.lax.complex(jnp.cos(phase), jnp.sin(phase))
    if size % 2 == 0:
        response = response.at[size // 2].set(response[size // 2].real)
    return response
