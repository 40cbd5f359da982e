import jax
import jax.numpy as jnp

from imaging_jax._images import as_image
from imaging_jax.operators import fft2, ifft2


def align(x: jax.Array, reference: jax.Array) -> jax.Array:
    """Removes what Fourier magnitudes can't tell: shift, rotation by 180 degrees, constant phase.

    Of the image and its twin ``conj(x[-n])``, each shifted circularly to where its correlation
    with the reference is largest, the one that correlates more. Channels are aligned one by one.
    The reference is known in scoring alone: no algorithm may use this to find an image.

    Args:
      x: estimates ``(..., H, W, C)``, real or complex.
      reference: likewise, on the same grid.

    Returns:
      ``x`` aligned; where both are real, its sign may change.

    Raises:
      ValueError: where they are no images of one shape.

    Hayes, "The reconstruction of a multidimensional sequence from the phase or magnitude of its
    Fourier transform", IEEE Trans. ASSP 30(2), 1982 (the ambiguities).
    """
    x, reference = as_image("x", x), as_image("reference", reference)
    if x.shape != reference.shape:
        raise ValueError(f"x: expected {reference.shape} as of the reference, got {x.shape}")
    channels = x.reshape(-1, *x.shape[-3:]), reference.reshape(-1, *x.shape[-3:])
    aligned = jax.vmap(jax.vmap(_align, (-1, -1), -1))(*channels)
    return aligned.reshape(x.shape)


def _align(x, reference):
    """Of (H, W) and (H, W)."""
    spectrum, wanted = (fft2(image[..., None])[..., 0] for image in (x, reference))
    twin = jnp.roll(jnp.flip(x), (1, 1), (0, 1)).conj()
    # The transform of the twin is the conjugate of that of the image.
    found = [
        _shifted(candidate, ifft2((wanted * conjugate)[..., None])[..., 0])
        for candidate, conjugate in ((x, spectrum.conj()), (twin, spectrum))
    ]
    (first, first_peak), (second, second_peak) = found
    return jnp.where(first_peak >= second_peak, first, second)


def _shifted(x, correlation):
    peak = jnp.argmax(jnp.abs(correlation))
    value = correlation.ravel()[peak]
    phase = jnp.where(value == 0, 1, value / jnp.where(value == 0, 1, jnp.abs(value)))
    phase = phase if jnp.iscomplexobj(x) else jnp.where(phase.real < 0, -1, 1).astype(x.dtype)
    shift = jnp.unravel_index(peak, correlation.shape)
    return jnp.roll(x, shift, (0, 1)) * phase, jnp.abs(value)
