from collections.abc import Callable

import jax
import jax.numpy as jnp

_CANDIDATES, _STEPS = 49, 8


def retrieve_soil_moisture(
    y: jax.Array,
    emission: Callable[[jax.Array], jax.Array],
    bounds: tuple[float, float] = (0.02, 0.55),
) -> jax.Array:
    """Finds the moisture whose brightness temperatures are nearest to those measured.

    The best of 49 moistures is refined by Gauss-Newton steps between its neighbours. Of one
    polarisation, temperatures fall with the moisture, so that there is one minimum.

    Args:
      y: brightness temperatures ``(..., P)`` in K.
      emission: moisture ``(...)`` to brightness temperatures ``(..., P)``, each by its own alone,
        such as `brightness_temperature` of a polarisation with all else given.
      bounds: lowest and highest moisture, in m³/m³.

    Returns:
      Moistures ``(...)`` within the bounds, NaN where ``y`` is no number. What ends on a bound is
      no estimate: nothing within emits so much, or so little.

    Raises:
      ValueError: where bounds don't rise, ``y`` isn't real floating point, or it and what is
        emitted differ in shape.
    """
    low, high = bounds
    if not low < high:
        raise ValueError(f"bounds must rise, got {bounds}")
    if not jnp.issubdtype(y.dtype, jnp.floating):
        raise ValueError(f"y must be real floating point, got {y.dtype}")
    place = jax.ShapeDtypeStruct(y.shape[:-1], y.dtype)
    emitted = jax.eval_shape(emission, place)
    if emitted.shape != y.shape:
        raise ValueError(f"y must have the shape {emitted.shape} of what is emitted, got {y.shape}")

    def misfit(moisture):
        return jnp.sum((emission(moisture) - y) ** 2, axis=-1)

    candidates = jnp.linspace(low, high, _CANDIDATES, dtype=y.dtype)
    misfits = jax.lax.map(lambda m: misfit(jnp.full(place.shape, m)), candidates)
    best = candidates[jnp.argmin(misfits, axis=0)]
    spacing = (high - low) / (_CANDIDATES - 1)
    least, most = jnp.maximum(best - spacing, low), jnp.minimum(best + spacing, high)

    def refined(_, moisture):
        values, slopes = jax.jvp(emission, (moisture,), (jnp.ones_like(moisture),))
        step = jnp.sum(slopes * (y - values), axis=-1) / jnp.sum(slopes**2, axis=-1)
        moved = jnp.clip(moisture + step, least, most)
        # Beside the kink, where all water that can be bound is, a step may lead uphill.
        return jnp.where(misfit(moved) <= misfit(moisture), moved, moisture)

    found = jax.lax.fori_loop(0, _STEPS, refined, best)
    return jnp.where(jnp.all(jnp.isfinite(y), axis=-1), found, jnp.nan)
