import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._images import as_image

_AXES = (-2, -1)


def registration_shift(
    reference: jax.Array,
    moving: jax.Array,
    reference_clear: jax.Array,
    moving_clear: jax.Array,
    *,
    reach: int = 8,
    overlap: float = 0.3,
) -> jax.Array:
    """Finds by how many pixels an image must be moved to lie upon another, both with hidden pixels.

    The normalised correlation of what is clear in both, by Fourier transforms, is largest there.
    Channels are averaged before.

    Args:
      reference: ``(..., H, W, C)``, real.
      moving: the same shape.
      reference_clear: ``(..., H, W, 1)``, 1 where a pixel counts, else 0.
      moving_clear: likewise.
      reach: largest displacement along each axis that is looked for.
      overlap: pixels clear in both that there must be, as a share of the most there are.

    Returns:
      ``(..., 2)`` int32, (dy, dx) towards larger indices; zeros where nothing overlaps.

    Raises:
      ValueError: shapes that don't fit, or a reach as long as the image or longer.

    Padfield, "Masked Object Registration in the Fourier Domain", IEEE TIP 21(5), 2012.
    """
    reference, moving = as_image("reference", reference), as_image("moving", moving)
    shape = (*reference.shape[:-1], 1)
    for name, x, wanted in (
        ("moving", moving, reference.shape),
        ("reference_clear", reference_clear, shape),
        ("moving_clear", moving_clear, shape),
    ):
        if np.shape(x) != wanted:
            raise ValueError(f"{name}: expected shape {wanted}, got {np.shape(x)}")
    if not 0 <= reach < min(shape[-3:-1]):
        raise ValueError(f"reach={reach}: expected 0 to {min(shape[-3:-1]) - 1}")
    correlation = _masked_correlation(
        *(_grey(x, m) for x, m in ((reference, reference_clear), (moving, moving_clear))), overlap
    )
    near = jnp.roll(correlation, (reach, reach), _AXES)[..., : 2 * reach + 1, : 2 * reach + 1]
    best = jnp.argmax(near.reshape(*near.shape[:-2], -1), axis=-1)
    found = jnp.stack(jnp.unravel_index(best, near.shape[-2:]), axis=-1) - reach
    return jnp.where(jnp.any(jnp.isfinite(near), _AXES)[..., None], found, 0).astype(jnp.int32)


def register_frames(
    frames: jax.Array, clear: jax.Array, *, reach: int = 8
) -> tuple[jax.Array, jax.Array]:
    """Moves frames by whole pixels upon the first of them.

    What comes from outside a frame is its mirrored edge, and isn't clear.

    Args:
      frames: ``(..., T, H, W, C)``, real.
      clear: ``(..., T, H, W, 1)``, 1 where a pixel counts, else 0.
      reach: largest displacement along each axis.

    Returns:
      Frames and clear pixels, moved.

    Raises:
      ValueError: as `registration_shift`.
    """
    first, first_clear = (jnp.broadcast_to(x[..., :1, :, :, :], x.shape) for x in (frames, clear))
    shifts = registration_shift(first, frames, first_clear, clear, reach=reach)
    flat = [x.reshape(-1, *x.shape[-3:]) for x in (frames, clear)]
    moved = [
        jax.vmap(lambda x, shift, mode=mode: _moved(x, shift, reach, mode))(
            x, shifts.reshape(-1, 2)
        )
        for x, mode in zip(flat, ("reflect", "constant"), strict=True)
    ]
    return moved[0].reshape(frames.shape), moved[1].reshape(clear.shape)


def _grey(x, clear):
    """The mean of channels less that of clear pixels, hidden ones 0; and what is clear."""
    clear = (clear[..., 0] != 0).astype(x.dtype)
    grey = jnp.where(clear > 0, jnp.mean(x, axis=-1), 0)
    mean = jnp.sum(grey, _AXES, keepdims=True) / jnp.maximum(
        jnp.sum(clear, _AXES, keepdims=True), 1
    )
    return (grey - mean) * clear, clear


def _masked_correlation(reference, moving, overlap):
    """Normalised correlation at every displacement, minus infinity where too little overlaps."""
    (x, m), (y, n) = reference, moving
    shape = tuple(2 * side for side in x.shape[-2:])

    def transformed(image):
        return jnp.fft.rfft2(image, shape)

    X, M, XX = (transformed(v) for v in (x, m, x**2))
    Y, N, YY = (transformed(v).conj() for v in (y, n, y**2))

    def correlated(A, B):
        return jnp.fft.irfft2(A * B, shape)

    count = jnp.round(correlated(M, N))
    enough = count >= jnp.maximum(overlap * jnp.max(count, _AXES, keepdims=True), 1)
    count = jnp.maximum(count, 1)
    sum_x, sum_y = correlated(X, N), correlated(M, Y)
    covariance = correlated(X, Y) - sum_x * sum_y / count
    variances = [
        jnp.maximum(correlated(*squares) - total**2 / count, 0)
        for squares, total in (((XX, N), sum_x), ((M, YY), sum_y))
    ]
    norm = jnp.sqrt(variances[0] * variances[1])
    # Beneath the rounding of the transforms there is nothing to correlate.
    floor = 1e3 * jnp.finfo(norm.dtype).eps * jnp.max(norm, _AXES, keepdims=True)
    value = jnp.where(norm > floor, covariance / jnp.maximum(norm, floor), 0)
    return jnp.where(enough, value, -jnp.inf)


def _moved(x, shift, reach, mode):
    padded = jnp.pad(x, [(reach, reach), (reach, reach), (0, 0)], mode=mode)
    return jax.lax.dynamic_slice(padded, (reach - shift[0], reach - shift[1], 0), x.shape)
