import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from imaging_jax._images import as_image
from imaging_jax.operators._linear_operator import LinearOperator

_AXES = (-3, -2)


def fft2(x: jax.Array) -> jax.Array:
    """The orthonormal two-dimensional discrete Fourier transform of every channel.

    ``y[k, l] = (H W)^(-1/2) sum_mn x[m, n] exp(-2 pi i (k m / H + l n / W))``, frequency 0 first.

    Args:
      x: images ``(..., H, W, C)``, real or complex.

    Returns:
      Complex spectra ``(..., H, W, C)``.

    Raises:
      ValueError: where ``x`` isn't a floating-point image.
    """
    return jnp.fft.fft2(as_image("x", x), axes=_AXES, norm="ortho")


def ifft2(y: jax.Array) -> jax.Array:
    """The inverse of `fft2`, which between complex images is also its adjoint.

    Args:
      y: spectra ``(..., H, W, C)``.

    Returns:
      Complex images ``(..., H, W, C)``.

    Raises:
      ValueError: where ``y`` isn't a floating-point image.
    """
    return jnp.fft.ifft2(as_image("y", y), axes=_AXES, norm="ortho")


class Fourier(LinearOperator):
    """`fft2` of an image in a frame of zeros, as a linear operator.

    Attributes:
      oversampling: size of the spectrum over size of the image along each axis, at least 1.
    """

    oversampling: float = struct.field(pytree_node=False, default=1.0)

    def forward(self, x: jax.Array) -> jax.Array:
        """Transforms ``x`` of shape ``in_shape``."""
        return fft2(_in_frame(x, self.oversampling))

    @property
    def proximal(self):
        """``argmin_x |A x - y|² + rho |x - z|²``: the columns are orthonormal."""
        return self._proximal

    def _proximal(self, y, z, rho):
        return (self.H(y) + rho * z) / (1 + rho)


def fourier_magnitude(x: jax.Array, oversampling: float = 1.0) -> jax.Array:
    """The magnitudes of the Fourier transform, the measurement of phase retrieval.

    ``y = |F P x|`` where ``P`` lays the image into the middle of a frame of zeros, of
    ``round(oversampling H) x round(oversampling W)`` pixels, and ``F`` is `fft2`: the energy of
    ``y`` is that of ``x``. From a factor of 2 on the magnitudes hold the autocorrelation of the
    image free of overlap. Where a magnitude is 0, its gradient is taken as 0.

    Args:
      x: images ``(..., H, W, C)``, real or complex.
      oversampling: along each axis, at least 1; the "oversampling of 4" of some papers is 2 here.

    Returns:
      Real images ``(..., round(oversampling H), round(oversampling W), C)``, frequency 0 first.

    Raises:
      ValueError: where ``x`` isn't a floating-point image or ``oversampling`` is below 1.

    Fienup, "Phase retrieval algorithms: a comparison", Applied Optics 21(15), 1982.
    """
    return jnp.abs(fft2(_in_frame(as_image("x", x), oversampling)))


def frame_support(shape: tuple[int, int], oversampling: float) -> jax.Array:
    """Where `fourier_magnitude` lays an image into its frame of zeros.

    Args:
      shape: (H, W) of the image.
      oversampling: along each axis, at least 1.

    Returns:
      ``(round(oversampling H), round(oversampling W))``, true inside.

    Raises:
      ValueError: ``oversampling`` below 1.
    """
    return jnp.pad(jnp.ones(shape, bool), _margins(shape, oversampling))


def coded_diffraction(x: jax.Array, masks: jax.Array) -> jax.Array:
    """Fourier transforms of the image behind several masks.

    ``y_l = L^(-1/2) F (masks_l x)``; where the masks have modulus 1, its columns are orthonormal.
    Its measurement in phase retrieval is ``|y|``.

    Args:
      x: images ``(..., H, W, C)``.
      masks: ``(L, H, W)``, complex.

    Returns:
      Complex spectra ``(..., L, H, W, C)``.

    Raises:
      ValueError: where ``x`` isn't a floating-point image or ``masks`` don't fit it.

    Candès, Li, Soltanolkotabi, "Phase retrieval from coded diffraction patterns", ACHA 39(2), 2015.
    """
    x = as_image("x", x)
    if np.ndim(masks) != 3 or np.shape(masks)[1:] != x.shape[-3:-1]:
        raise ValueError(f"masks: expected (L, H, W) of {x.shape}, got {np.shape(masks)}")
    masks = jnp.asarray(masks)[..., None] / np.sqrt(len(masks))
    return fft2(masks.astype(_complex_of(x)) * x[..., None, :, :, :])


def sample_diffraction_masks(
    key: jax.Array, shape: tuple[int, int], count: int, octanary: bool = False
) -> jax.Array:
    """Random masks for `coded_diffraction`.

    Args:
      key: of the masks.
      shape: (H, W).
      count: L, the number of masks.
      octanary: draws ``b1 b2`` with b1 one of 1, -1, i, -i and b2 sqrt(1/2) with probability 0.8,
        else sqrt(3), instead of phases spread evenly over the circle.

    Returns:
      ``(count, H, W)``, complex64, of mean energy 1.

    Candès, Li, Soltanolkotabi, "Phase retrieval via Wirtinger flow", IEEE Trans. Information Theory
    61(4), 2015, section IV (octanary).
    """
    key_phase, key_modulus = jax.random.split(key)
    shape = (count, *shape)
    if not octanary:
        masks = jnp.exp(2j * jnp.pi * jax.random.uniform(key_phase, shape))
        return masks.astype(jnp.complex64)
    phase = jnp.asarray([1, -1, 1j, -1j])[jax.random.randint(key_phase, shape, 0, 4)]
    low = jax.random.bernoulli(key_modulus, 0.8, shape)
    return (phase * jnp.where(low, np.sqrt(0.5), np.sqrt(3))).astype(jnp.complex64)


class CodedDiffraction(LinearOperator):
    """`coded_diffraction` as a linear operator, differentiable in its masks.

    Attributes:
      masks: ``(L, H, W)``, complex.
    """

    masks: jax.Array

    def forward(self, x: jax.Array) -> jax.Array:
        """Modulates and transforms ``x`` of shape ``in_shape``."""
        return coded_diffraction(x, self.masks)

    @property
    def proximal(self):
        """``argmin_x |A x - y|² + rho |x - z|²``: the normal operator is diagonal."""
        return self._proximal

    def _proximal(self, y, z, rho):
        weight = jnp.mean(jnp.abs(self.masks) ** 2, axis=0)[..., None]
        return (self.H(y) + rho * z) / (weight + rho)


def _in_frame(x, oversampling):
    frame = _margins(x.shape[-3:-1], oversampling)
    return jnp.pad(x, [(0, 0)] * (x.ndim - 3) + [*frame, (0, 0)])


def _margins(shape, oversampling):
    if not oversampling >= 1:
        raise ValueError(f"oversampling: expected at least 1, got {oversampling}")
    margins = [round(oversampling * size) - size for size in shape]
    return [(margin // 2, margin - margin // 2) for margin in margins]


def _complex_of(x):
    return jnp.result_type(x.dtype, jnp.complex64)
