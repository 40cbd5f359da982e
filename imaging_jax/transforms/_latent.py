import jax
import jax.numpy as jnp
import numpy as np

_PARALLEL = 1e-6


def lerp(start: jax.Array, end: jax.Array, t: jax.Array) -> jax.Array:
    """Linear interpolation (1 - t) · start + t · end.

    Half-way between two independent Gaussian vectors it is shorter than either by √2, where a
    generator has seen nothing: see `slerp`.

    Args:
      start: ``(..., D)``.
      end: the same shape.
      t: ``(T,)`` or a scalar, 0 for the start and 1 for the end.

    Returns:
      ``(T, ..., D)``, or ``(..., D)`` for a scalar.

    Raises:
      ValueError: where the shapes differ, or ``t`` has more than one axis.
    """
    t = _times(start, end, t)
    return (1 - t) * start + t * end


def slerp(start: jax.Array, end: jax.Array, t: jax.Array) -> jax.Array:
    """Spherical interpolation along the great circle between two vectors.

    ``(sin((1 - t) ω) · start + sin(t ω) · end) / sin ω`` with the angle ω between them; the linear
    one where sin ω < 1e-6, as the circle through parallel vectors isn't known.

    Args:
      start: ``(..., D)``, not 0.
      end: the same shape.
      t: ``(T,)`` or a scalar, 0 for the start and 1 for the end.

    Returns:
      ``(T, ..., D)``, or ``(..., D)`` for a scalar.

    Raises:
      ValueError: where the shapes differ, or ``t`` has more than one axis.

    Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985; White, "Sampling
    generative networks", 2016.
    """
    t = _times(start, end, t)
    x, y = (z / jnp.linalg.norm(z, axis=-1, keepdims=True) for z in (start, end))
    # Twice the sine and the cosine of ω / 2, exact for small angles too.
    halves = jnp.stack([x - y, x + y])
    sine = jnp.prod(jnp.linalg.norm(halves, axis=-1, keepdims=True), axis=0) / 2
    parallel = jax.lax.stop_gradient(sine) < _PARALLEL
    # The inner `where` keeps angles without a derivative out of the gradient.
    halves = jnp.linalg.norm(jnp.where(parallel, 1, halves), axis=-1, keepdims=True)
    omega = 2 * jnp.atan2(*halves)
    circle = (jnp.sin((1 - t) * omega) * start + jnp.sin(t * omega) * end) / jnp.sin(omega)
    return jnp.where(parallel, (1 - t) * start + t * end, circle)


def attribute_arithmetic(
    base: jax.Array, with_attribute: jax.Array, without_attribute: jax.Array
) -> jax.Array:
    """Adds an attribute to a concept: vec(neutral man) + vec(smiling woman) - vec(neutral woman).

    Each operand is the mean of the latents of a few samples (three in the paper) that show it.

    Args:
      base: ``(N, ..., D)``, latents of the concept.
      with_attribute: ``(M, ..., D)``, of another concept with the attribute.
      without_attribute: ``(L, ..., D)``, of that concept without it.

    Returns:
      ``(..., D)``.

    Raises:
      ValueError: where a group is empty or their shapes differ in more than the first axis.

    Radford, Metz, Chintala, "Unsupervised representation learning with deep convolutional
    generative adversarial networks", ICLR 2016, section 6.3.2.
    """
    groups = {
        "base": base,
        "with_attribute": with_attribute,
        "without_attribute": without_attribute,
    }
    for name, group in groups.items():
        shape = np.shape(group)
        if len(shape) < 2 or shape[0] < 1 or shape[1:] != np.shape(base)[1:]:
            raise ValueError(f"{name}: expected (N, ..., D) as base {np.shape(base)}, got {shape}")
    base, positive, negative = (jnp.mean(group, axis=0) for group in groups.values())
    return base + positive - negative


def _times(start, end, t):
    """The times as ``(T, 1, ..., 1)``, a scalar as it is."""
    if np.shape(start) != np.shape(end) or np.ndim(start) < 1:
        raise ValueError(f"end: expected (..., D) as start {np.shape(start)}, got {np.shape(end)}")
    if np.ndim(t) > 1:
        raise ValueError(f"t: expected a scalar or (T,), got shape {np.shape(t)}")
    t = jnp.asarray(t)
    return t.reshape(-1, *[1] * np.ndim(start)) if t.ndim else t
