import jax
import jax.numpy as jnp

from imaging_jax.metrics._features import as_features, check_same_width

_ROWS = 256
"""Rows of the kernel's matrix that are in memory at once."""


def kernel_distance(features1: jax.Array, features2: jax.Array) -> jax.Array:
    """Kernel distance of two sets of features, KID where they are Inception's; smaller is nearer.

    The unbiased estimate of the squared maximum mean discrepancy with the kernel (x·y / D + 1)³,
    computed in float64; it may be negative. It isn't invariant to the features' scale. The
    convention for KID is the mean over 100 random blocks of 1,000.

    Args:
      features1: ``(N, D)``, N at least 2.
      features2: ``(M, D)``, M at least 2.

    Returns:
      A float64 scalar.

    Raises:
      ValueError: where the features aren't real floating point, of two axes and the same D, or are
        fewer than two.

    Bińkowski, Sutherland, Arbel, Gretton, "Demystifying MMD GANs", ICLR 2018, section 4.
    """
    with jax.enable_x64(True):
        features1 = as_features("features1", features1, least=2)
        features2 = as_features("features2", features2, least=2)
        check_same_width("features1", features1, "features2", features2)
        return _distance(features1, features2)


@jax.jit
def _distance(x, y):
    x, y = x.astype(float), y.astype(float)
    n, m = len(x), len(y)
    own = _without_diagonal(x) / (n * (n - 1)) + _without_diagonal(y) / (m * (m - 1))
    return own - 2 * _sum(x, y) / (n * m)


def _without_diagonal(x):
    return _sum(x, x) - jnp.sum(_kernel(jnp.sum(x**2, axis=-1), x.shape[-1]))


def _sum(x, y):
    rows = lambda row: jnp.sum(_kernel(y @ row, y.shape[-1]))  # noqa: E731
    return jnp.sum(jax.lax.map(rows, x, batch_size=_ROWS))


def _kernel(product, width):
    return (product / width + 1) ** 3
