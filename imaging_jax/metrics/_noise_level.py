import jax
import jax.numpy as jnp

from imaging_jax._images import as_image

_SIDE = 5
_ITERATIONS = 5
# Fewer pixels have too few patches to tell anything.
_SMALLEST = 16
# How large the energy of a patch's differences is, times the variance of the noise, where there is
# nothing else, but for one patch in a million: the quantile 1 - 1e-6 of the gamma distribution of
# shape 25 / 2, times its scale 2 / 25 tr(D.T D) of two sets of 15 central differences.
_LARGEST_ENERGY = 36.94726931139295 * 2 / _SIDE**2 * 15


def noise_level(x: jax.Array) -> jax.Array:
    """The standard deviation of white noise, by principal components of patches without texture.

    The variance is the smallest eigenvalue of the covariance of patches, in turns with a choice of
    the patches whose differences are no larger than those of such noise. Every channel alone, in
    float64. Patches have 5x5 pixels in place of the authors' 7x7, of which small images have too
    few. Of noise alone in N pixels it finds about 1 - 5 / sqrt(N) of the level, as the smallest
    eigenvalue is below the variance.

    Args:
      x: images ``(..., H, W, C)``, at least 16 pixels a side, at any scale.

    Returns:
      ``(..., C)``, float64, in the units of ``x``.

    Raises:
      ValueError: where ``x`` isn't a real floating-point image of such a size.

    Liu, Tanaka, Okutomi, "Single-image noise level estimation for blind denoising", IEEE Trans.
    Image Processing 22(12), 2013.
    """
    with jax.enable_x64(True):
        x = as_image("x", x, real=True)
        if min(x.shape[-3:-1]) < _SMALLEST:
            raise ValueError(f"x: expected at least {_SMALLEST} pixels a side, got {x.shape}")
        return _levels(x.astype(jnp.float64))


@jax.jit
def _levels(x):
    channels = jnp.moveaxis(x, -1, -3)
    flat = channels.reshape(-1, *channels.shape[-2:])
    return jnp.sqrt(jax.lax.map(_variance, flat)).reshape(channels.shape[:-2])


def _variance(x):
    x = x - jnp.mean(x)
    energy = _energy(x)

    def choose_again(_, variance):
        chosen = energy < _LARGEST_ENERGY * variance
        enough = jnp.sum(chosen) >= _SIDE**2
        return jnp.where(enough, _smallest_eigenvalue(x, chosen), variance)

    start = _smallest_eigenvalue(x, jnp.ones_like(energy, bool))
    return jax.lax.fori_loop(0, _ITERATIONS, choose_again, start)


def _energy(x):
    """Of the central differences within every patch."""
    vertical = (x[2:] - x[:-2]) ** 2 / 4
    horizontal = (x[:, 2:] - x[:, :-2]) ** 2 / 4
    return _sums(vertical, _SIDE - 2, _SIDE) + _sums(horizontal, _SIDE, _SIDE - 2)


def _sums(x, height, width):
    """Over all windows."""
    rows = x.shape[0] - height + 1
    x = sum(x[i : i + rows] for i in range(height))
    columns = x.shape[1] - width + 1
    return sum(x[:, j : j + columns] for j in range(width))


def _smallest_eigenvalue(x, chosen):
    """Of the covariance of the chosen patches, gathered a row of patches at a time."""
    columns = jnp.arange(chosen.shape[1])[:, None] + jnp.arange(_SIDE)

    def add(sums, row):
        strip = jax.lax.dynamic_slice_in_dim(x, row, _SIDE, axis=0)
        patches = jnp.swapaxes(strip[:, columns], 0, 1).reshape(-1, _SIDE**2)
        weighted = patches * chosen[row][:, None]
        products = jnp.matmul(weighted.T, patches, precision=jax.lax.Precision.HIGHEST)
        return (sums[0] + jnp.sum(weighted, axis=0), sums[1] + products), None

    zeros = jnp.zeros(_SIDE**2, x.dtype), jnp.zeros((_SIDE**2, _SIDE**2), x.dtype)
    (total, products), _ = jax.lax.scan(add, zeros, jnp.arange(len(chosen)))
    count = jnp.sum(chosen)
    mean = total / count
    return jnp.maximum(jnp.linalg.eigvalsh(products / count - mean[:, None] * mean)[0], 0)
