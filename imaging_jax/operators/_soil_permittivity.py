import jax
import jax.numpy as jnp

L_BAND = 1.41e9
"""Frequency of the radiometers of SMOS and SMAP, in Hz."""

_VACUUM = 8.854e-12
_INFINITE = 4.9
# Of the grains of soil: density in g/cm³, by which their permittivity goes.
_GRAINS = 2.66
# Below it, in Hz, Dobson's model has other coefficients; theirs doesn't meet at it.
_DOBSON_EDGE = 1.4e9


def mironov_permittivity(
    moisture: jax.Array, clay: jax.Array, frequency: float = L_BAND
) -> jax.Array:
    """The complex permittivity of moist soil by its clay, with bound and free water.

    The derivative by the moisture jumps where all water that can be bound is.

    Args:
      moisture: water by volume, in m³/m³, at least 0.
      clay: share of the mass, in [0, 1].
      frequency: in Hz.

    Returns:
      Complex, losses with a positive sign.

    Mironov, Kosolapova, Fomin, "Physically and mineralogically based spectroscopic dielectric
    model for moist soils", IEEE TGRS 47(7), 2009.
    """
    dry = jax.lax.complex(1.634 - 0.539 * clay + 0.2748 * clay**2, 0.03952 - 0.04038 * clay)
    bound = _relaxing(
        79.8 - 85.4 * clay + 32.7 * clay**2,
        1.062e-11 + 3.45e-12 * clay,
        0.3112 + 0.467 * clay,
        frequency,
    )
    free = _relaxing(100.0, 8.5e-12, 0.3631 + 1.217 * clay, frequency)
    most_bound = 0.02863 + 0.30673 * clay
    index = (
        dry
        + (jnp.sqrt(bound) - 1) * jnp.minimum(moisture, most_bound)
        + (jnp.sqrt(free) - 1) * jnp.maximum(moisture - most_bound, 0)
    )
    return index**2


def dobson_permittivity(
    moisture: jax.Array,
    sand: jax.Array,
    clay: jax.Array,
    density: jax.Array = 1.3,
    temperature: jax.Array = 25.0,
    frequency: float = L_BAND,
) -> jax.Array:
    """The complex permittivity of moist soil by its texture, mixed by a power of 0.65.

    Its conductivity, and with it everything, jumps at 1.4 GHz, beside the radiometers' 1.41.

    Args:
      moisture: water by volume, in m³/m³, above 0.
      sand: share of the mass, in [0, 1].
      clay: likewise.
      density: of the bulk, in g/cm³.
      temperature: in °C.
      frequency: in Hz; below 1.4 GHz the published change of the model is used.

    Returns:
      Complex, losses with a positive sign.

    Dobson, Ulaby, Hallikainen, El-Rayes, "Microwave dielectric behavior of wet soil, part II",
    IEEE TGRS 23(1), 1985; Peplinski, Ulaby, Dobson, IEEE TGRS 33(3), 1995, below 1.4 GHz.
    """
    power, low = 0.65, frequency < _DOBSON_EDGE
    grains = (1.01 + 0.44 * _GRAINS) ** 2 - 0.062
    t = temperature
    static = 88.045 - 0.4147 * t + 6.295e-4 * t**2 + 1.075e-5 * t**3
    x = frequency / 1e9 * (0.11109 - 0.003824 * t + 6.938e-5 * t**2 - 5.096e-7 * t**3)
    conductivity = (
        0.0467 + 0.2204 * density - 0.4111 * sand + 0.6614 * clay
        if low
        else -1.645 + 1.939 * density - 2.25622 * sand + 1.594 * clay
    )
    water = _INFINITE + (static - _INFINITE) / (1 + x**2)
    losses = x * (static - _INFINITE) / (1 + x**2)
    losses += (
        conductivity * (_GRAINS - density) / (2 * jnp.pi * frequency * _VACUUM * _GRAINS * moisture)
    )
    beta = 1.2748 - 0.519 * sand - 0.152 * clay
    real = 1 + density / _GRAINS * (grains**power - 1) + moisture**beta * water**power - moisture
    real = real ** (1 / power)
    beta = 1.33797 - 0.603 * sand - 0.166 * clay
    imaginary = (moisture**beta * losses**power) ** (1 / power)
    return jax.lax.complex(*jnp.broadcast_arrays(1.15 * real - 0.68 if low else real, imaginary))


def topp_permittivity(moisture: jax.Array) -> jax.Array:
    """The real permittivity of moist mineral soil, whatever its texture.

    Args:
      moisture: water by volume, in m³/m³.

    Topp, Davis, Annan, "Electromagnetic determination of soil water content", Water Resources
    Research 16(3), 1980.
    """
    return 3.03 + 9.3 * moisture + 146 * moisture**2 - 76.7 * moisture**3


def _relaxing(static, time, conductivity, frequency):
    """Debye's relaxation of water, with its conductivity."""
    x = 2 * jnp.pi * frequency * time
    real = _INFINITE + (static - _INFINITE) / (1 + x**2)
    imaginary = x * (static - _INFINITE) / (1 + x**2)
    imaginary += conductivity / (2 * jnp.pi * frequency * _VACUUM)
    return jax.lax.complex(*jnp.broadcast_arrays(real, imaginary))
