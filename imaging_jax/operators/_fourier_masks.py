import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._counts import check_counts


def sample_cartesian_mask(
    key: jax.Array,
    shape: tuple[int, int],
    acceleration: float,
    center_fraction: float | None = None,
    equispaced: bool = False,
) -> jax.Array:
    """Draws the columns that a Cartesian scan measures, as the fastMRI benchmark does.

    A block of ``round(center_fraction W)`` columns around frequency 0 is always measured; the
    others with the probability that makes ``W / acceleration`` columns the mean, or at even
    distances from a random first one.

    Args:
      key: of the columns.
      shape: (H, W).
      acceleration: at least 1.
      center_fraction: of the columns; ``0.32 / acceleration`` by default, which is the benchmark's
        0.08 at 4 and 0.04 at 8.
      equispaced: even distances instead of independent draws.

    Returns:
      ``(H, W)``, float32 of 0 and 1, frequency 0 first.

    Raises:
      ValueError: where ``acceleration`` is below 1, or the block alone exceeds
        ``W / acceleration`` columns.

    Zbontar et al., "fastMRI: an open dataset and benchmarks for accelerated MRI", arXiv 1811.08839,
    2018, section 6.
    """
    width = shape[1]
    _check_acceleration(acceleration)
    fraction = 0.32 / acceleration if center_fraction is None else center_fraction
    low = round(width * fraction)
    wanted = width / acceleration
    if not 0 <= low <= wanted:
        raise ValueError(
            f"center_fraction: expected 0 to {1 / acceleration:.4g} of {width} columns, "
            f"got {fraction}"
        )
    if low in (width, wanted):
        columns = jnp.zeros(width, bool)
    elif equispaced:
        # The others' distance, so that with the block they are as many as wanted.
        distance = acceleration * (low - width) / (low * acceleration - width)
        first = jax.random.randint(key, (), 0, max(round(distance), 1))
        places = first + distance * jnp.arange(int(np.ceil(width / distance)))
        places = jnp.round(places).astype(int)
        columns = jnp.zeros(width, bool).at[places].set(True, mode="drop")
    else:
        probability = (wanted - low) / (width - low)
        columns = jax.random.bernoulli(key, probability, (width,))
    start = (width - low + 1) // 2
    columns = columns.at[start : start + low].set(True)
    return jnp.broadcast_to(jnp.fft.ifftshift(columns), shape).astype(jnp.float32)


def sample_radial_mask(key: jax.Array, shape: tuple[int, int], lines: int) -> jax.Array:
    """Lines through frequency 0 at even angles, the first at a random one.

    Args:
      key: of the first angle.
      shape: (H, W); each line reaches the edges.
      lines: at least 1.

    Returns:
      ``(H, W)``, float32 of 0 and 1, frequency 0 first.

    Raises:
      ValueError: where ``lines`` isn't positive.
    """
    check_counts(lines=lines)
    angles = jnp.pi * (jax.random.uniform(key) + jnp.arange(lines)) / lines
    sine, cosine = jnp.sin(angles), jnp.cos(angles)
    longest = jnp.maximum(jnp.abs(sine), jnp.abs(cosine))
    steps = np.linspace(-0.5, 0.5, 2 * max(shape) + 1)
    mask = jnp.zeros(shape, jnp.float32)
    places = [
        jnp.round(size * steps * (part / longest)[:, None]).astype(int)
        for size, part in zip(shape, (sine, cosine), strict=True)
    ]
    # Negative frequencies wrap around; what the edge itself rounds to lies outside.
    inside = [
        (place >= -(size // 2)) & (place < size - size // 2)
        for size, place in zip(shape, places, strict=True)
    ]
    rows, columns = (place % size for size, place in zip(shape, places, strict=True))
    return mask.at[rows, columns].max((inside[0] & inside[1]).astype(jnp.float32))


def sample_variable_density_mask(
    key: jax.Array, shape: tuple[int, int], acceleration: float, power: float = 8.0
) -> jax.Array:
    """Draws single frequencies, the low ones more often.

    A frequency at distance r from 0, 1 in the corners, is measured with the probability
    ``min((1 - r)^power + c, 1)``, where c makes the mean ``1 / acceleration``; frequency 0 always.

    Args:
      key: of the frequencies.
      shape: (H, W).
      acceleration: at least 1.
      power: of the density's fall, non-negative; infinity makes it uniform.

    Returns:
      ``(H, W)``, float32 of 0 and 1, frequency 0 first.

    Raises:
      ValueError: where ``acceleration`` is below 1, or the density alone has a larger mean than
        ``1 / acceleration``.

    Lustig, Donoho, Pauly, "Sparse MRI", Magnetic Resonance in Medicine 58(6), 2007.
    """
    _check_acceleration(acceleration)
    rows, columns = (np.abs(np.fft.fftfreq(size)) / 0.5 for size in shape)
    density = (1 - np.hypot(rows[:, None], columns[None, :]) / np.sqrt(2)).clip(0) ** power
    wanted = 1 / acceleration
    if density.mean() > wanted:
        raise ValueError(
            f"power: expected a density of mean at most {wanted:.4g}, got {density.mean():.4g} "
            f"with power {power}"
        )
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        if np.minimum(density + middle, 1).mean() < wanted:
            low = middle
        else:
            high = middle
    probability = np.minimum(density + high, 1)
    mask = jax.random.uniform(key, shape) < probability
    return mask.at[0, 0].set(True).astype(jnp.float32)


def _check_acceleration(acceleration):
    if not acceleration >= 1:
        raise ValueError(f"acceleration: expected at least 1, got {acceleration}")
