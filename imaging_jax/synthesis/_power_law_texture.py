import jax
import jax.numpy as jnp


def power_law_texture(
    key: jax.Array, shape: tuple[int, int], exponent: float = 1.0, channels: int = 3
) -> jax.Array:
    """Makes a periodic random texture whose amplitude spectrum falls as 1/frequency^exponent.

    White Gaussian noise is filtered in the Fourier domain by ``|f|^-exponent`` (zero at f = 0),
    and each channel is mapped linearly so that it spans [0, 1]. The power spectrum has the slope
    ``-2 · exponent`` in log-log axes; 1 is the amplitude law of natural images.

    Args:
        key: random key.
        shape: (H, W), at least two pixels in all.
        exponent: of the amplitude; 0 gives white noise.
        channels: number of independent channels.

    Returns:
        ``(H, W, channels)`` in [0, 1].

    Raises:
        ValueError: ``shape`` holds fewer than two pixels.

    Source: D. J. Field, "Relations between the statistics of natural images and the response
    properties of cortical cells", JOSA A 4(12), 1987.
    """
    height, width = shape
    if height < 1 or width < 1 or height * width < 2:
        raise ValueError(f"shape must hold at least two pixels, got {shape}")
    noise = jax.random.normal(key, (channels, height, width))
    frequency = jnp.hypot(jnp.fft.fftfreq(height)[:, None], jnp.fft.rfftfreq(width)[None, :])
    zero = frequency == 0
    gain = jnp.where(zero, 0.0, jnp.where(zero, 1.0, frequency) ** -exponent)
    field = jnp.fft.irfft2(jnp.fft.rfft2(noise) * gain, s=shape)
    low = field.min(axis=(-2, -1), keepdims=True)
    high = field.max(axis=(-2, -1), keepdims=True)
    return jnp.moveaxis((field - low) / (high - low), 0, -1)
