import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax._counts import check_counts
from imaging_jax._images import as_image


def haze(
    x: jax.Array,
    depth: jax.Array,
    beta: float | jax.Array = 1.0,
    airlight: float | jax.Array = 1.0,
) -> jax.Array:
    """Looks at a scene through haze: ``y = t x + (1 - t) airlight``, ``t = exp(-beta depth)``.

    Args:
      x: clear images ``(..., H, W, C)``, real.
      depth: distance from the camera, non-negative, ``(..., H, W, 1)`` broadcast against ``x``.
      beta: scattering per unit of depth; for depths in [0, 1] 0.6 to 1.8 are usual.
      airlight: brightness of the haze, a number or ``(C,)``; 0.7 to 1 is usual.

    Returns:
      Images of the shape of ``x``, differentiable in all arguments.

    Raises:
      ValueError: where ``x`` isn't a real floating-point image or ``depth`` doesn't fit it.

    Koschmieder, 1924; Li et al., "Benchmarking single-image dehazing and beyond", IEEE TIP 28(1),
    2019, equation 1.
    """
    x = as_image("x", x, real=True)
    transmission = jnp.exp(-beta * _as_map("depth", depth, x))
    return transmission * x + (1 - transmission) * airlight


def add_clouds(x: jax.Array, opacity: jax.Array, brightness: float | jax.Array = 1.0) -> jax.Array:
    """Lays clouds over a scene seen from above: ``y = (1 - opacity) x + opacity brightness``.

    Args:
      x: clear images ``(..., H, W, C)``, real.
      opacity: in [0, 1], ``(..., H, W, 1)`` or of a value a band, broadcast against ``x``.
      brightness: of the clouds, a number or ``(C,)``.

    Returns:
      Images of the shape of ``x``, differentiable in all arguments.

    Raises:
      ValueError: where ``x`` isn't a real floating-point image or ``opacity`` doesn't fit it.
    """
    x = as_image("x", x, real=True)
    opacity = _as_map("opacity", opacity, x)
    return (1 - opacity) * x + opacity * brightness


def sample_cloud_opacity(
    key: jax.Array,
    shape: tuple[int, int],
    threshold: float | jax.Array = 0.5,
    gamma: float | jax.Array = 1.0,
) -> jax.Array:
    """Draws clouds: ``clip((n - threshold) / (1 - threshold), 0, 1)^gamma`` of a fractal noise n.

    Args:
      key: of the noise.
      shape: (H, W).
      threshold: noise level at which clouds begin, in [0, 1); 0.3 to 0.6 cover most to little.
      gamma: positive; above 1 for thinner veils.

    Returns:
      ``(H, W, 1)`` in [0, 1], float32.
    """
    noise = fractal_noise(key, shape)
    cover = jnp.clip((noise - threshold) / (1 - threshold), 0, 1)
    # The derivative of 0^gamma would be infinite.
    return jnp.where(cover > 0, jnp.where(cover > 0, cover, 1) ** gamma, 0)


def fractal_noise(key: jax.Array, shape: tuple[int, int], octaves: int = 6) -> jax.Array:
    """A random field with detail at every scale, stretched to [0, 1].

    The sum over the octaves o of ``2^-o`` times uniform noise on a grid of ``2^(o + 2)`` points a
    side, enlarged smoothly.

    Args:
      key: of the noise.
      shape: (H, W).
      octaves: at least 1.

    Returns:
      ``(H, W, 1)``, float32, whose smallest value is 0 and whose largest is 1.

    Raises:
      ValueError: where ``octaves`` isn't positive.

    Perlin, "An image synthesizer", SIGGRAPH 1985 (fractal sums).
    """
    check_counts(octaves=octaves)
    field = jnp.zeros((*shape, 1))
    for octave, octave_key in enumerate(jax.random.split(key, octaves)):
        points = 2 ** (octave + 2)
        grid = jax.random.uniform(octave_key, (points, points, 1))
        # Where the image has fewer pixels than the grid, this averages.
        field += 0.5**octave * jax.image.resize(grid, (*shape, 1), "cubic")
    return (field - field.min()) / jnp.maximum(field.max() - field.min(), 1e-12)


def _as_map(name, values, x):
    values = jnp.asarray(values)
    try:
        fits = np.broadcast_shapes(values.shape, x.shape) == x.shape and values.ndim >= 3
    except ValueError:
        fits = False
    if not fits or jnp.iscomplexobj(values):
        raise ValueError(
            f"{name}: expected real values (..., H, W, 1) that broadcast to {x.shape}, "
            f"got {values.dtype} of shape {values.shape}"
        )
    return values.astype(x.dtype)
