import functools
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._counts import check_counts
from imaging_jax._images import as_image
from imaging_jax.operators import LinearOperator, optical_transfer_function
from imaging_jax.solvers._problem import (
    as_problem,
    check_array,
    check_not_negative,
    solve_each,
)
from imaging_jax.solvers._result import Result, iterate
from imaging_jax.solvers._vectors import divide, relative_change

_AXES = (-3, -2)


def wiener(
    y: jax.Array,
    kernel: jax.Array,
    noise_to_signal: float | jax.Array,
    regularizer: Literal["identity", "gradient", "laplacian"] = "identity",
) -> jax.Array:
    """Deconvolves images of a circular blur by the Wiener filter, or a Tikhonov one.

    ``X = conj(K) Y / (|K|² + noise_to_signal |G|²)`` in the Fourier domain; 0 where the denominator
    is. Differentiable.

    Args:
      y: real images ``(..., H, W, C)``, blurred circularly.
      kernel: ``(h, w)``, as of `blur`.
      noise_to_signal: the ratio of the power spectra, not negative: a number, or an array that
        broadcasts against ``(..., H, W, C)``, frequency 0 first: the Wiener filter proper has
        ``sigma² / S`` with ``S = |fft2(x)|²`` of the orthonormal `operators.fft2`.
      regularizer: ``G``: the ``"identity"``, circular forward differences (``"gradient"``) or the
        five-point ``"laplacian"``; then ``noise_to_signal`` is the weight of its square.

    Returns:
      Images ``(..., H, W, C)``, not clipped.

    Raises:
      ValueError: where ``y`` isn't a real floating-point image, ``kernel`` isn't a real matrix,
        ``noise_to_signal`` is negative or doesn't broadcast, or ``regularizer`` isn't one of those.

    Wiener, "Extrapolation, interpolation, and smoothing of stationary time series", 1949; Hunt,
    "The application of constrained least squares estimation to image restoration by digital
    computer", IEEE Trans. Computers 1973.
    """
    y = as_image("y", y, real=True)
    kernel = jnp.asarray(kernel)
    if kernel.ndim != 2 or jnp.iscomplexobj(kernel):
        raise ValueError(
            f"kernel: expected a real matrix (h, w), got {kernel.dtype} of shape {kernel.shape}"
        )
    check_array("noise_to_signal", noise_to_signal, positive=False)
    shape = np.shape(noise_to_signal)
    if len(shape) > y.ndim or any(
        size not in (1, own) for size, own in zip(shape[::-1], y.shape[::-1], strict=False)
    ):
        raise ValueError(f"noise_to_signal: expected to broadcast against {y.shape}, got {shape}")
    if regularizer not in ("identity", "gradient", "laplacian"):
        raise ValueError(
            f"regularizer: expected 'identity', 'gradient' or 'laplacian', got {regularizer!r}"
        )
    return _wiener(y, kernel, jnp.asarray(noise_to_signal, y.dtype), regularizer)


@functools.partial(jax.jit, static_argnames="regularizer")
def _wiener(y, kernel, noise_to_signal, regularizer):
    height, width = y.shape[-3:-1]
    otf = optical_transfer_function(kernel.astype(y.dtype), (height, width))[..., None]
    exponent = {"identity": 0, "gradient": 1, "laplacian": 2}[regularizer]
    penalty = noise_to_signal * _laplacian_spectrum(height, width, y.dtype) ** exponent
    inverse = divide(otf.conj(), jnp.abs(otf) ** 2 + penalty)
    return jnp.fft.ifft2(inverse * jnp.fft.fft2(y, axes=_AXES), axes=_AXES).real


def _laplacian_spectrum(height, width, dtype):
    """``|gradient|²``, which is also minus the Laplacian: ``4 sin²(pi f)`` summed over axes."""
    rows, columns = (4 * np.sin(np.pi * np.fft.fftfreq(size)) ** 2 for size in (height, width))
    return jnp.asarray((rows[:, None] + columns)[..., None], dtype)


def richardson_lucy(
    A: LinearOperator,
    y: Any,
    x0: jax.Array | None = None,
    *,
    tolerance: float = 0.0,
    max_iterations: int = 30,
) -> Result:
    """Maximises the Poisson likelihood of ``y`` by ``x A.H(y / A x) / A.H(1)``.

    The iterates aren't negative and keep the total flux where ``A.H(1)`` is constant. Stopped early
    it regularises: noise comes back with the iterations.

    Args:
      A: a linear operator without negative entries, as a blur with such a kernel.
      y: real measurements ``(..., *A.out_shape)``, not negative; leading axes are separate
        problems.
      x0: start ``(..., *A.in_shape)``, positive; the mean of ``y`` by default.
      tolerance: stops where the relative change is at most this.
      max_iterations: positive.

    Returns:
      A `Result` with the relative change as history. Pixels that no measurement sees stay.

    Raises:
      ValueError: where ``A`` isn't linear or is complex, ``y`` or ``x0`` doesn't fit it, or a
        number is out of its range, as negative measurements are.

    Richardson, "Bayesian-based iterative method of image restoration", JOSA 1972; Lucy, "An
    iterative technique for the rectification of observed distributions", Astronomical J. 1974.
    """
    start_given = x0 is not None
    y, x0 = as_problem(A, y, x0)
    if not all(jnp.issubdtype(leaf.dtype, jnp.floating) for leaf in jax.tree.leaves((y, x0))):
        raise ValueError(f"A: expected real input and output, got {A.in_dtype} and {A.out_dtype}")
    check_not_negative(tolerance=tolerance)
    check_counts(max_iterations=max_iterations)
    for leaf in jax.tree.leaves(y):
        check_array("y", leaf, positive=False)
    return _richardson_lucy(A, y, x0, tolerance, max_iterations, start_given)


@functools.partial(jax.jit, static_argnames=("max_iterations", "start_given"))
def _richardson_lucy(A, y, x0, tolerance, max_iterations, start_given):
    def solve(x0, y):
        sensitivity = A.H(jax.tree.map(jnp.ones_like, y))
        leaves = jax.tree.leaves(y)
        # Blurring by FFT leaves rounding errors, of either sign, where there is no light.
        tiny = jnp.finfo(x0.dtype).eps
        floor = tiny * jnp.max(jnp.stack([jnp.max(leaf) for leaf in leaves]))
        seen = sensitivity > tiny * jnp.max(sensitivity)

        def step(x, _):
            ratio = jax.tree.map(lambda y, image: divide(y, jnp.maximum(image, floor)), y, A(x))
            correction = jnp.where(seen, A.H(ratio) / jnp.where(seen, sensitivity, 1), 1)
            new_x = x * jnp.maximum(correction, 0)
            return new_x, relative_change(new_x, x)

        if not start_given:
            total = sum(jnp.sum(leaf) for leaf in leaves)
            x0 = jnp.full_like(x0, total / sum(leaf.size for leaf in leaves))
        start = jnp.asarray(jnp.inf, x0.dtype)
        return Result(*iterate(step, x0, start, tolerance, max_iterations))

    return solve_each(solve, A.in_shape, x0, y)
