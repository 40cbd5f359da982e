import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from imaging_jax._counts import check_counts
from imaging_jax._images import as_image
from imaging_jax.operators import fft2, ifft2
from imaging_jax.solvers._problem import as_function, check_array, check_not_negative

# (..., H, W, C) -> the nearest (..., H, W, C) of a set.
Projection = Callable[[jax.Array], jax.Array]


class RetrievedPhase(struct.PyTreeNode):
    """What `retrieve_phase` returns; leading axes of the magnitudes are those of all fields.

    Attributes:
      x: ``(..., H, W, C)``, the estimate of the start with the least residual; it satisfies the
        constraint.
      residual: ``(...)``, its ``| |F x| - y | / |y|``.
      residuals: ``(..., starts)``, those of all starts.
      changes: ``(..., iterations)``, ``|z' - z| / |y|`` of the iterates that led to it.
    """

    x: jax.Array
    residual: jax.Array
    residuals: jax.Array
    changes: jax.Array


def retrieve_phase(
    key: jax.Array,
    magnitudes: jax.Array,
    constraint: Projection,
    rule: Callable,
    *,
    iterations: int,
    polish: int = 0,
    starts: int = 1,
    real: bool = True,
) -> RetrievedPhase:
    """Finds images of given Fourier magnitudes that satisfy a constraint.

    Every start is the measured magnitudes with the phase of a random image. What is found is known
    but for a shift, a rotation by 180 degrees and a constant phase: see `align`. All starts of all
    images run at once in one compiled program.

    Args:
      key: of the random images.
      magnitudes: ``y``, real, ``(..., H, W, C)``: the whole plane of the orthonormal transform,
        frequency 0 first, as `imaging_jax.operators.fourier_magnitude` makes it. Of a real image,
        the magnitudes of k and -k are taken by their mean.
      constraint: projects images ``(H, W, C)`` on what is known of them, such as `on_support`.
      rule: `error_reduction`, `hybrid_input_output`, `averaged_reflections` or `difference_map`,
        by a `jax.tree_util.Partial` with another ``beta``; or a function
        ``(z, onto_magnitudes, constraint) -> (next z, estimate)``.
      iterations: by that rule, positive.
      polish: iterations of `error_reduction` from the last estimate; not negative.
      starts: of every image, positive.
      real: whether the image is.

    Returns:
      A `RetrievedPhase`.

    Raises:
      ValueError: magnitudes that are complex, negative or no image, a constraint that changes the
        shape, or counts below what they should be.

    Fienup, "Phase retrieval algorithms: a comparison", Applied Optics 21(15), 1982.
    """
    if np.iscomplexobj(magnitudes):
        raise ValueError("magnitudes: expected real numbers, got complex ones; take their modulus")
    y = as_image("magnitudes", magnitudes)
    check_array("magnitudes", y, positive=False)
    check_counts(iterations=iterations, starts=starts)
    check_not_negative(polish=polish)
    constraint = as_function("constraint", constraint)
    rule = as_function("rule", rule)
    image = jax.ShapeDtypeStruct(y.shape[-3:], y.dtype)
    if (shape := jax.eval_shape(constraint, image).shape) != image.shape:
        raise ValueError(f"constraint: expected to keep the grid {image.shape}, got {shape}")
    return _retrieve_phase(key, y, constraint, rule, iterations, polish, starts, real)


def gerchberg_saxton(
    key: jax.Array,
    object_magnitudes: jax.Array,
    magnitudes: jax.Array,
    *,
    iterations: int,
    starts: int = 1,
) -> RetrievedPhase:
    """Finds the phase of a complex image whose magnitudes are known in both planes.

    Args:
      key: of the random starts.
      object_magnitudes: of the image, ``(H, W, C)``.
      magnitudes: of its transform, ``(..., H, W, C)``.
      iterations: positive.
      starts: of every image, positive.

    Returns:
      A `RetrievedPhase` with a complex ``x``.

    Raises:
      ValueError: as `retrieve_phase`; magnitudes of unequal grids.

    Gerchberg, Saxton, "A practical algorithm for the determination of phase from image and
    diffraction plane pictures", Optik 35, 1972.
    """
    known = as_image("object_magnitudes", object_magnitudes)
    if known.shape != np.shape(magnitudes)[-3:]:
        raise ValueError(
            f"object_magnitudes: expected {np.shape(magnitudes)[-3:]} as of magnitudes, "
            f"got {known.shape}"
        )
    constraint = jax.tree_util.Partial(_with_modulus, known)
    return retrieve_phase(
        key, magnitudes, constraint, error_reduction, iterations=iterations, starts=starts,
        real=False,
    )  # fmt: skip


def on_support(support: jax.Array, nonnegative: bool = True) -> Projection:
    """The projection on images that vanish outside a support, and aren't negative inside.

    Args:
      support: ``(H, W)`` or ``(H, W, C)``, true or positive where the image may be.
      nonnegative: whether what is negative becomes 0 as well.

    Returns:
      A function of images ``(..., H, W, C)``.

    Raises:
      ValueError: a support of another number of axes; of another grid, when it is applied.
    """
    if np.ndim(support) not in (2, 3):
        raise ValueError(f"support: expected (H, W) or (H, W, C), got {np.shape(support)}")
    inside = jnp.asarray(support) > 0
    inside = inside[..., None] if inside.ndim == 2 else inside
    return jax.tree_util.Partial(_nonnegative_inside if nonnegative else _inside, inside)


def error_reduction(
    z: jax.Array, onto_magnitudes: Projection, constraint: Projection
) -> tuple[jax.Array, jax.Array]:
    """One step of alternating projections: ``P_S P_M z``, which is the estimate too."""
    estimate = constraint(onto_magnitudes(z))
    return estimate, estimate


def hybrid_input_output(
    z: jax.Array, onto_magnitudes: Projection, constraint: Projection, beta: float = 0.9
) -> tuple[jax.Array, jax.Array]:
    """One step of Fienup's hybrid input-output (HIO).

    With ``w = P_M z``: ``w`` where it satisfies the constraint, ``z - beta w`` elsewhere. The
    estimate is ``P_S w``.

    Fienup, Applied Optics 21(15), 1982.
    """
    w = onto_magnitudes(z)
    estimate = constraint(w)
    return jnp.where(estimate == w, w, z - beta * w), estimate


def averaged_reflections(
    z: jax.Array, onto_magnitudes: Projection, constraint: Projection, beta: float = 0.9
) -> tuple[jax.Array, jax.Array]:
    """One step of relaxed averaged alternating reflections (RAAR).

    ``beta / 2 (R_S R_M z + z) + (1 - beta) P_M z``, with reflections ``R = 2 P - 1``. The estimate
    is ``P_S P_M z``.

    Luke, "Relaxed averaged alternating reflections for diffraction imaging", Inverse Problems
    21(1), 2005.
    """
    w = onto_magnitudes(z)
    reflected = 2 * w - z
    twice_reflected = 2 * constraint(reflected) - reflected
    return beta / 2 * (twice_reflected + z) + (1 - beta) * w, constraint(w)


def difference_map(
    z: jax.Array, onto_magnitudes: Projection, constraint: Projection, beta: float = 0.9
) -> tuple[jax.Array, jax.Array]:
    """One step of the difference map.

    ``z + beta (P_S f_M - P_M f_S)`` with ``f_S = P_S z - (P_S z - z) / beta`` and
    ``f_M = P_M z + (P_M z - z) / beta``. The estimate is ``P_S f_M``.

    Elser, "Phase retrieval by iterated projections", JOSA A 20(1), 2003.
    """
    w, inside = onto_magnitudes(z), constraint(z)
    estimate = constraint(w + (w - z) / beta)
    return z + beta * (estimate - onto_magnitudes(inside - (inside - z) / beta)), estimate


@functools.partial(jax.jit, static_argnames=("iterations", "polish", "starts", "real"))
def _retrieve_phase(key, y, constraint, rule, iterations, polish, starts, real):
    leading = y.shape[:-3]
    y = y.reshape(-1, *y.shape[-3:])
    keys = jax.random.split(key, (y.shape[0], starts))
    solve = functools.partial(
        _from_one_start,
        constraint=constraint,
        rule=rule,
        iterations=iterations,
        polish=polish,
        real=real,
    )
    x, residuals, changes = jax.vmap(jax.vmap(solve, (0, None)))(keys, y)
    best = jnp.argmin(residuals, axis=1)
    x, residual, changes = jax.vmap(lambda found, i: jax.tree.map(lambda leaf: leaf[i], found))(
        (x, residuals, changes), best
    )
    found = RetrievedPhase(x, residual, residuals, changes)
    return jax.tree.map(lambda leaf: leaf.reshape(*leading, *leaf.shape[1:]), found)


def _from_one_start(key, y, constraint, rule, iterations, polish, real):
    transform, inverse = _real_transforms(y.shape) if real else (fft2, ifft2)
    amplitudes = _half_plane(y) if real else y

    def onto_magnitudes(z):
        spectrum = transform(z)
        energy = spectrum.real**2 + spectrum.imag**2
        phased = spectrum * (amplitudes * jax.lax.rsqrt(jnp.where(energy > 0, energy, 1)))
        return inverse(jnp.where(energy > 0, phased, amplitudes))

    def step(rule, carry):
        z, _ = carry
        z_next, estimate = rule(z, onto_magnitudes, constraint)
        return (z_next, estimate), jnp.linalg.norm(z_next - z) / norm

    norm = jnp.linalg.norm(y)
    z = onto_magnitudes(jax.random.uniform(key, y.shape, y.dtype))
    (_, x), changes = jax.lax.scan(
        lambda carry, _: step(rule, carry), (z, constraint(z)), length=iterations
    )
    (_, x), _ = jax.lax.scan(lambda carry, _: step(error_reduction, carry), (x, x), length=polish)
    residual = jnp.linalg.norm(jnp.abs(fft2(x)) - y) / norm
    return x, residual, changes


def _real_transforms(shape: tuple[int, ...]) -> tuple[Callable, Callable]:
    """`fft2` of real images ``(H, W, C)`` by half of its plane, and the inverse."""
    options = {"axes": (-3, -2), "norm": "ortho"}
    return (
        functools.partial(jnp.fft.rfft2, **options),
        functools.partial(jnp.fft.irfft2, s=shape[-3:-1], **options),
    )


def _half_plane(y: jax.Array) -> jax.Array:
    twin = jnp.roll(jnp.flip(y, (-3, -2)), (1, 1), (-3, -2))
    return (y + twin)[..., : y.shape[-2] // 2 + 1, :] / 2


def _nonnegative_inside(inside: jax.Array, x: jax.Array) -> jax.Array:
    return jnp.where(x >= 0, _inside(inside, x), 0)


def _inside(inside: jax.Array, x: jax.Array) -> jax.Array:
    if inside.shape[:2] != x.shape[-3:-1]:
        raise ValueError(f"support: expected the grid {x.shape[-3:-1]}, got {inside.shape[:2]}")
    return jnp.where(inside, x, 0)


def _with_modulus(modulus: jax.Array, x: jax.Array) -> jax.Array:
    absolute = jnp.abs(x)
    return modulus * jnp.where(absolute > 0, x / jnp.where(absolute > 0, absolute, 1), 1)
