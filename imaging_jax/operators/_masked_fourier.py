import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._counts import check_counts
from imaging_jax._images import as_image
from imaging_jax.operators._fourier import fft2, ifft2
from imaging_jax.operators._linear_operator import LinearOperator


def masked_fourier(x: jax.Array, mask: jax.Array) -> jax.Array:
    """Samples of the Fourier transform, ``y = mask F x``: magnetic resonance with one coil.

    Args:
      x: images ``(..., H, W, C)``, real or complex.
      mask: ``(H, W)``, real, usually 0 and 1; frequency 0 first, at ``mask[0, 0]``.

    Returns:
      Complex spectra ``(..., H, W, C)``, zero where not sampled.

    Raises:
      ValueError: where ``x`` isn't a floating-point image or ``mask`` isn't real and of its size.

    Lustig, Donoho, Pauly, "Sparse MRI", Magnetic Resonance in Medicine 58(6), 2007.
    """
    x = as_image("x", x)
    return _as_mask(mask, x)[..., None] * fft2(x)


class MaskedFourier(LinearOperator):
    """`masked_fourier` as a linear operator, differentiable in its mask.

    Attributes:
      mask: ``(H, W)``, real, frequency 0 first.
    """

    mask: jax.Array

    def forward(self, x: jax.Array) -> jax.Array:
        """Samples the spectrum of ``x`` of shape ``in_shape``."""
        return masked_fourier(x, self.mask)

    @property
    def proximal(self):
        """``argmin_x |A x - y|² + rho |x - z|²``, over real images where the input is real."""
        return self._proximal

    def _proximal(self, y, z, rho):
        weight = jnp.abs(self.mask) ** 2
        right_side = self.H(y) + rho * z
        if jnp.issubdtype(self.in_dtype, jnp.complexfloating):
            return ifft2(fft2(right_side) / (weight[..., None] + rho))
        # The real part of a filter keeps the part of its response that is even.
        opposite = jnp.roll(weight[::-1, ::-1], 1, axis=(0, 1))
        weight = (weight + opposite)[..., None] / 2
        return ifft2(fft2(right_side) / (weight + rho)).real


def multi_coil_fourier(x: jax.Array, mask: jax.Array, sensitivities: jax.Array) -> jax.Array:
    """Samples of the Fourier transforms seen by several coils: ``y_c = mask F (s_c x)``.

    Args:
      x: images ``(..., H, W, C)``, real or complex.
      mask: ``(H, W)``, real; frequency 0 first.
      sensitivities: ``(coils, H, W)``, complex; where their squared moduli sum to 1, the norm of
        the map is at most 1.

    Returns:
      Complex spectra ``(..., coils, H, W, C)``, zero where not sampled.

    Raises:
      ValueError: where ``x`` isn't a floating-point image, or ``mask`` or ``sensitivities`` don't
        fit it.

    Pruessmann et al., "SENSE: sensitivity encoding for fast MRI", Magnetic Resonance in Medicine
    42(5), 1999.
    """
    x = as_image("x", x)
    if np.ndim(sensitivities) != 3 or np.shape(sensitivities)[1:] != x.shape[-3:-1]:
        raise ValueError(
            f"sensitivities: expected (coils, H, W) of {x.shape}, got {np.shape(sensitivities)}"
        )
    sensitivities = jnp.asarray(sensitivities, jnp.result_type(x.dtype, jnp.complex64))
    return _as_mask(mask, x)[..., None] * fft2(sensitivities[..., None] * x[..., None, :, :, :])


class MultiCoilFourier(LinearOperator):
    """`multi_coil_fourier` as a linear operator, differentiable in mask and sensitivities.

    Attributes:
      mask: ``(H, W)``, real, frequency 0 first.
      sensitivities: ``(coils, H, W)``, complex.
    """

    mask: jax.Array
    sensitivities: jax.Array

    def forward(self, x: jax.Array) -> jax.Array:
        """Samples the coils' spectra of ``x`` of shape ``in_shape``."""
        return multi_coil_fourier(x, self.mask, self.sensitivities)


def birdcage_sensitivities(
    shape: tuple[int, int], coils: int, radius: float | jax.Array = 1.5
) -> jax.Array:
    """Simulated sensitivities of coils spaced evenly on a circle around the image.

    Coil c sits at ``radius (cos a, sin a)``, ``a = 2 pi c / coils``, where the image spans
    [-1, 1]²; its field falls as 1/distance and its phase turns with the direction. The maps are
    divided by the root of the sum of their squares.

    Args:
      shape: (H, W).
      coils: their number.
      radius: in half image sides, above 1 so that no coil lies inside.

    Returns:
      ``(coils, H, W)``, complex64; the squared moduli sum to 1 at every pixel.

    Raises:
      ValueError: where ``coils`` isn't positive.
    """
    check_counts(coils=coils)
    rows, columns = (2 * (np.arange(size) - size // 2) / size for size in shape)
    angle = 2 * np.pi * np.arange(coils)[:, None, None] / coils
    down = rows[:, None] - radius * np.sin(angle)
    right = columns[None, :] - radius * np.cos(angle)
    phase = jnp.arctan2(right, -down) - angle
    fields = jnp.exp(1j * phase) / jnp.hypot(down, right)
    fields = fields / jnp.sqrt(jnp.sum(jnp.abs(fields) ** 2, axis=0))
    return fields.astype(jnp.complex64)


def _as_mask(mask, x):
    if np.shape(mask) != x.shape[-3:-1] or jnp.iscomplexobj(mask):
        raise ValueError(
            f"mask: expected real values of shape {x.shape[-3:-1]}, "
            f"got {jnp.result_type(mask)} of shape {np.shape(mask)}"
        )
    return jnp.asarray(mask, jnp.finfo(x.dtype).dtype)
