import jax
import jax.numpy as jnp

from imaging_jax.operators._soil_permittivity import L_BAND, mironov_permittivity

INCIDENCE = 40.0
"""Angle of incidence of SMAP's radiometer, in degrees."""


def fresnel_reflectivity(permittivity: jax.Array, angle: float = INCIDENCE) -> jax.Array:
    """How much of its power smooth ground reflects, in vertical and horizontal polarisation.

    Args:
      permittivity: of the ground ``(...)``, complex or real.
      angle: of incidence, in degrees.

    Returns:
      ``(..., 2)``: V, H.

    Fresnel's equations; Ulaby, Moore, Fung, "Microwave remote sensing", volume I, 1981, section
    2-7.
    """
    cosine, sine = (f(jnp.deg2rad(angle)) for f in (jnp.cos, jnp.sin))
    permittivity = jnp.asarray(permittivity) + 0j
    root = jnp.sqrt(permittivity - sine**2)
    vertical = (permittivity * cosine - root) / (permittivity * cosine + root)
    horizontal = (cosine - root) / (cosine + root)
    amplitude = jnp.stack([vertical, horizontal], axis=-1)
    return amplitude.real**2 + amplitude.imag**2


def rough_reflectivity(
    smooth: jax.Array,
    roughness: jax.Array,
    angle: float = INCIDENCE,
    mixing: float = 0.0,
    exponent: float = 2.0,
) -> jax.Array:
    """What roughness leaves of smooth ground's reflectivity, and mixes of its polarisations.

    ``r_p = [(1 - Q) r*_p + Q r*_q] exp(-h cos^N angle)``.

    Args:
      smooth: reflectivities ``(..., 2)``.
      roughness: h, at least 0 ``(...)``.
      angle: of incidence, in degrees.
      mixing: Q, in [0, 1].
      exponent: N.

    Returns:
      ``(..., 2)``.

    Wang, Choudhury, "Remote sensing of soil moisture content over bare field at 1.4 GHz frequency",
    Journal of Geophysical Research 86(C6), 1981.
    """
    cosine = jnp.cos(jnp.deg2rad(angle))
    mixed = (1 - mixing) * smooth + mixing * smooth[..., ::-1]
    return mixed * jnp.exp(-jnp.asarray(roughness) * cosine**exponent)[..., None]


def brightness_temperature(
    moisture: jax.Array,
    clay: jax.Array,
    soil_temperature: jax.Array,
    canopy_temperature: jax.Array,
    vegetation: jax.Array,
    b: jax.Array = 0.11,
    albedo: jax.Array = 0.05,
    roughness: jax.Array = 0.12,
    angle: float = INCIDENCE,
    frequency: float = L_BAND,
) -> jax.Array:
    """What a radiometer sees of moist soil under plants, by the tau-omega model; differentiable.

    ``TB_p = T_s (1 - r_p) g + T_c (1 - omega) (1 - g) (1 + r_p g)`` with ``g = exp(-tau /
    cos angle)`` and ``tau = b · vegetation``. It falls with the moisture.

    Args:
      moisture: water in the soil by volume, in m³/m³; like all others ``(...)`` or a number.
      clay: share of the soil's mass.
      soil_temperature: T_s, in K.
      canopy_temperature: T_c, in K.
      vegetation: water in plants, in kg/m².
      b: optical depth of a kg/m² of it.
      albedo: omega, share that plants scatter.
      roughness: h of `rough_reflectivity`.
      angle: of incidence, in degrees.
      frequency: in Hz.

    Returns:
      ``(..., 2)`` in K: V, H.

    Mo, Choudhury, Schmugge, Wang, Jackson, "A model for microwave emission from vegetation-covered
    fields", Journal of Geophysical Research 87(C13), 1982; the permittivity is Mironov's.
    """
    values = jnp.broadcast_arrays(
        moisture, clay, soil_temperature, canopy_temperature, vegetation, b, albedo, roughness
    )
    moisture, clay, soil, canopy, vegetation, b, albedo, roughness = map(jnp.asarray, values)
    smooth = fresnel_reflectivity(mironov_permittivity(moisture, clay, frequency), angle)
    reflected = rough_reflectivity(smooth, roughness, angle)
    passing = jnp.exp(-b * vegetation / jnp.cos(jnp.deg2rad(angle)))[..., None]
    soil, canopy, albedo = soil[..., None], canopy[..., None], albedo[..., None]
    ground = soil * (1 - reflected) * passing
    return ground + canopy * (1 - albedo) * (1 - passing) * (1 + reflected * passing)
