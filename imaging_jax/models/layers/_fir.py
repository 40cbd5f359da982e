import jax
import jax.numpy as jnp

TAPS = (1 / 8, 3 / 8, 3 / 8, 1 / 8)
"""The binomial low-pass filter of StyleGAN2, for each axis."""


def fir_upsample(x: jax.Array) -> jax.Array:
    """Enlarges ``(..., H, W, C)`` by 2: zeros between the pixels, then the filter; zeros around."""
    for axis in (x.ndim - 3, x.ndim - 2):
        padded = _pad(x, axis, 1, 1)
        size = x.shape[axis]
        before, here, after = (
            jax.lax.slice_in_dim(padded, start, start + size, axis=axis) for start in range(3)
        )
        first, second = 2 * TAPS[0], 2 * TAPS[1]
        pair = jnp.stack([first * before + second * here, second * here + first * after], axis + 1)
        x = pair.reshape(*x.shape[:axis], 2 * size, *x.shape[axis + 1 :])
    return x


def fir_downsample(x: jax.Array) -> jax.Array:
    """Shrinks ``(..., H, W, C)`` of even size by 2: the filter, then every other pixel."""
    return _filter(x, padding=1, stride=2)


def fir_blur(x: jax.Array, padding: int) -> jax.Array:
    """Filters ``(..., H, W, C)`` with zeros around: each side is 2 · padding - 3 pixels longer."""
    return _filter(x, padding, stride=1)


def upsampling_kernel(kernel: jax.Array) -> jax.Array:
    """Turns a 3x3 convolution after an enlargement by 2 into one before a pixel shuffle.

    `depth_to_space` of the convolution with the result is the transposed convolution of stride 2
    with ``kernel`` that is followed by the filter, zeros around.

    Args:
        kernel: ``(3, 3, in, out)``.

    Returns:
        ``(3, 3, in, 4 out)``.
    """
    # Both filters in one: 6 taps an axis, of which each of the two phases takes every other.
    taps = 2 * jnp.asarray(TAPS, kernel.dtype)
    for axis in (0, 1):
        kernel = sum(
            tap * _pad(kernel, axis, shift, len(TAPS) - 1 - shift) for shift, tap in enumerate(taps)
        )
    inputs, outputs = kernel.shape[2:]
    phases = kernel.reshape(3, 2, 3, 2, inputs, outputs)[:, ::-1, :, ::-1]
    return phases.transpose(0, 2, 4, 1, 3, 5).reshape(3, 3, inputs, 4 * outputs)


def _filter(x, padding, stride):
    for axis in (x.ndim - 3, x.ndim - 2):
        padded = _pad(x, axis, padding, padding)
        length = padded.shape[axis] - len(TAPS) + 1
        x = sum(
            tap * jax.lax.slice_in_dim(padded, shift, shift + length, stride, axis)
            for shift, tap in enumerate(TAPS)
        )
    return x


def _pad(x, axis, before, after):
    return jnp.pad(x, [(before, after) if k == axis else (0, 0) for k in range(x.ndim)])
