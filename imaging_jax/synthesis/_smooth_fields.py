import jax
import jax.numpy as jnp


def smooth_fields(
    key: jax.Array, count: int, shape: tuple[int, int], smoothness: float
) -> jax.Array:
    """Draws periodic Gaussian fields of mean 0 and deviation 1 over their pixels.

    Args:
        key: random key.
        count: how many, independent of each other.
        shape: (H, W), at least 2 pixels in all.
        smoothness: standard deviation, in pixels, of the Gaussian that white noise went through.

    Returns:
        ``(count, H, W)``.
    """
    height, width = shape
    rows, columns = jnp.fft.fftfreq(height)[:, None], jnp.fft.rfftfreq(width)[None]
    gain = jnp.exp(-2 * (jnp.pi * smoothness) ** 2 * (rows**2 + columns**2))
    white = jnp.fft.rfft2(jax.random.normal(key, (count, *shape)))
    fields = jnp.fft.irfft2(white * gain, s=shape)
    fields = fields - fields.mean(axis=(1, 2), keepdims=True)
    return fields / fields.std(axis=(1, 2), keepdims=True)
