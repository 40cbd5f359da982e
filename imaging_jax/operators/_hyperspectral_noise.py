import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._images import as_image
from imaging_jax.operators._impulse_noise import salt_and_pepper_noise
from imaging_jax.operators._noise import gaussian_noise


def qrnn3d_noise(key: jax.Array, x: jax.Array, case: int) -> jax.Array:
    """The complex noise of the deep-learning papers on hyperspectral cubes.

    1: Gaussian noise of a level a band, drawn from 10, 30, 50 and 70 (of 255). 2 to 4 add to this,
    in a third of the bands, 2: stripes in 5 to 15 % of the columns, offsets uniform in
    [-0.25, 0.25); 3: dead lines in 5 to 15 % of the columns; 4: salt and pepper on 10 to 70 % of
    the pixels. 5: all of these, each in a third of its own.

    Args:
      key: of the noise.
      x: one cube ``(H, W, bands)`` in [0, 1].
      case: 1 to 5.

    Returns:
      A cube of the same shape, not clipped.

    Raises:
      ValueError: where ``x`` isn't one real floating-point cube or ``case`` is out of range.

    Wei, Fu, Huang, "3-D quasi-recurrent neural network for hyperspectral image denoising", IEEE
    TNNLS 32(1), 2021, section IV.
    """
    x = _as_cube(x)
    if case not in range(1, 6):
        raise ValueError(f"case: expected 1 to 5, got {case}")
    bands = x.shape[-1]
    key_level, key_noise, *keys = jax.random.split(key, 5)
    levels = jnp.asarray([10, 30, 50, 70]) / 255
    sigma = levels[jax.random.randint(key_level, (bands,), 0, 4)]
    y = gaussian_noise(key_noise, x, sigma)

    def third_and_columns(key):
        key_bands, key_fraction, key_columns, key_value = jax.random.split(key, 4)
        fraction = jax.random.uniform(key_fraction, (bands,), minval=0.05, maxval=0.15)
        columns = _subset(key_columns, x.shape[-2:], jnp.floor(fraction * x.shape[-2]))
        return _subset(key_bands, (bands,), bands // 3) & columns, key_value

    if case in (2, 5):
        hit, key_value = third_and_columns(keys[0])
        offsets = jax.random.uniform(key_value, hit.shape, x.dtype, -0.25, 0.25)
        y = y + jnp.where(hit, offsets, 0)
    if case in (3, 5):
        y = jnp.where(third_and_columns(keys[1])[0], 0, y)
    if case in (4, 5):
        key_bands, key_density, key_hit = jax.random.split(keys[2], 3)
        density = jax.random.uniform(key_density, (bands,), minval=0.1, maxval=0.7)
        density = jnp.where(_subset(key_bands, (bands,), bands // 3), density, 0)
        y = salt_and_pepper_noise(key_hit, y, density)
    return y


def nmog_noise(key: jax.Array, x: jax.Array, case: int) -> jax.Array:
    """The complex noise on which the non-i.i.d. mixture of Gaussians was tried.

    1: Gaussian noise of 0.05 in all bands. 2: Gaussian noise of 10 to 20 dB signal-to-noise ratio,
    drawn a band. 3 to 5 add to 2, in 40 bands, none of them among the first and last ten, 3: 21 to
    40 columns a band that become the clean image plus an offset uniform in [-0.25, 0.25); 4: 6 to
    15 dead lines; 5: multiplicative noise, uniform of variance 0.3, on 50 to 70 % of the pixels. 6:
    of 90 bands the first 40 as in 3, numbers 26 to 65 as in 4, and the last 40 as in 5.

    Args:
      key: of the noise.
      x: one cube ``(H, W, bands)`` in [0, 1], of at least 60 bands from case 3 on and 110 in case
        6, and 40 columns in cases 3 and 6, 15 in case 4.
      case: 1 to 6.

    Returns:
      A cube of the same shape, not clipped.

    Raises:
      ValueError: where ``x`` isn't one real floating-point cube, is too small, or ``case`` is out
        of range.

    Chen, Cao, Zhao, Meng, Xu, "Denoising hyperspectral image with non-i.i.d. noise structure", IEEE
    Trans. Cybernetics 48(3), 2018, and its demonstration code.
    """
    x = _as_cube(x)
    if case not in range(1, 7):
        raise ValueError(f"case: expected 1 to 6, got {case}")
    _, width, bands = x.shape
    wanted_bands = {1: 1, 2: 1, 6: 110}.get(case, 60)
    wanted_columns = {3: 40, 4: 15, 6: 40}.get(case, 1)
    if bands < wanted_bands or width < wanted_columns:
        raise ValueError(
            f"x: expected at least {wanted_bands} bands and {wanted_columns} columns in case "
            f"{case}, got {x.shape}"
        )
    key_level, key_noise, key_order, *keys = jax.random.split(key, 6)
    if case == 1:
        return gaussian_noise(key_noise, x, 0.05)
    decibel = 10 + 10 * jax.random.uniform(key_level, (bands,))
    sigma = jnp.sqrt(jnp.mean(x**2, axis=(0, 1)) / 10 ** (decibel / 10))
    y = gaussian_noise(key_noise, x, sigma)
    order = jax.random.permutation(key_order, jnp.arange(10, bands - 10))

    def chosen(first):
        return jnp.zeros(bands, bool).at[order[first : first + 40]].set(True)

    def columns(key, fewest, spread):
        key_count, key_columns = jax.random.split(key)
        count = fewest + jnp.ceil(spread * jax.random.uniform(key_count, (bands,)))
        return _subset(key_columns, x.shape[-2:], count)

    if case in (3, 6):
        key_columns, key_offset = jax.random.split(keys[0])
        hit = chosen(0) & columns(key_columns, 20, 20)
        offset = jax.random.uniform(key_offset, hit.shape, x.dtype, -0.25, 0.25)
        y = jnp.where(hit, x + offset, y)
    if case in (4, 6):
        y = jnp.where(chosen(0 if case == 4 else 25) & columns(keys[1], 5, 10), 0, y)
    if case in (5, 6):
        key_rate, key_hit, key_factor = jax.random.split(keys[2], 3)
        rate = 0.5 + 0.2 * jax.random.uniform(key_rate, (bands,))
        rate = jnp.where(chosen(0 if case == 5 else 50), rate, 0)
        hit = jax.random.uniform(key_hit, x.shape) < rate
        # Uniform of variance 0.3.
        half_width = np.sqrt(3 * 0.3)
        factor = 1 + jax.random.uniform(key_factor, x.shape, x.dtype, -half_width, half_width)
        y = jnp.where(hit, y * factor, y)
    return y


def _subset(key, shape, count):
    """Marks ``count`` of the places along the first axis, a random choice for each of the rest."""
    ranks = jnp.argsort(jnp.argsort(jax.random.uniform(key, shape), axis=0), axis=0)
    return ranks < count


def _as_cube(x):
    x = as_image("x", x, real=True)
    if x.ndim != 3:
        raise ValueError(f"x: expected one cube (H, W, bands), got shape {x.shape}")
    return x
