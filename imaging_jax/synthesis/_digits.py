import jax
import jax.numpy as jnp

from imaging_jax.synthesis._digit_strokes import strokes

_STROKES = strokes()

_SIDE = 28.0
_BOX = 20.0
"""As in MNIST, a digit fills a box of 20 pixels and is centred by its mass in 28."""

_JITTER = 0.038
_WARP = 0.05
_WIDTH = (0.5, 1.1)
_SLANT = (0.15, 0.25)
_ROTATION = 0.1
_RADIUS = (0.7, 1.9)
_SCALE = (0.92, 1.04)
_SHIFT = 0.5
_EDGE = 1.2
"""Pixels from black to white across a stroke's edge."""


def digits(
    key: jax.Array, count: int, shape: tuple[int, int] = (28, 28)
) -> tuple[jax.Array, jax.Array]:
    """Makes handwritten digits, their labels uniform from 0 to 9.

    Args:
        key: random key.
        count: number of images.
        shape: (H, W).

    Returns:
        The images ``(count, H, W, 1)`` in [0, 1], as `digit` draws them, and the labels
        ``(count,)``, int32.

    Raises:
        ValueError: a ``shape`` without pixels.
    """
    label_key, digit_key = jax.random.split(key)
    labels = jax.random.randint(label_key, (count,), 0, 10)
    draw = jax.vmap(lambda key, label: digit(key, label, shape))
    return draw(jax.random.split(digit_key, count), labels), labels


def digit(key: jax.Array, label: jax.Array, shape: tuple[int, int] = (28, 28)) -> jax.Array:
    """Makes a handwritten digit, white on black, in the format of MNIST.

    One of a few ways to write it is drawn with a round pen: its control points jitter, its width,
    slant, rotation and pen are random, and a slow wave bends it. Then it is scaled to a box of
    about 20 of 28 pixels and centred by its mass, give or take half a pixel.

    Args:
        key: random key; ``jax.vmap`` over keys and labels makes a batch.
        label: integer from 0 to 9, which may be traced; others are clipped.
        shape: (H, W); the digit is as large as the shorter side lets it.

    Returns:
        ``(H, W, 1)`` in [0, 1].

    Raises:
        ValueError: a ``shape`` without pixels.
    """
    if min(shape) < 1:
        raise ValueError(f"shape must have at least 1 pixel a side, got {shape}")
    write_key, frame_key = jax.random.split(key)
    starts, ends = _written(write_key, jnp.clip(label, 0, 9))
    return _drawn(*_framed(frame_key, starts, ends), shape)


def _written(key, label):
    """The ends of the strokes' straight pieces, twice ``(S, 2)``, (x, y) of about unit size."""
    way, jitter, width, slant, rotation, waves = jax.random.split(key, 6)
    ways, controls, weights = (jnp.asarray(constant)[label] for constant in _STROKES)
    way = jax.random.randint(way, (), 0, ways)
    points = controls[way] + _JITTER * jax.random.normal(jitter, controls[way].shape)
    ends = jnp.einsum("esk,kc->esc", weights[way], points, precision=jax.lax.Precision.HIGHEST)
    ends = ends + _wave(waves, ends)
    width = jax.random.uniform(width, minval=_WIDTH[0], maxval=_WIDTH[1])
    x, y = width * ends[..., 0], ends[..., 1]
    mean, deviation = _SLANT
    x = x - y * (mean + deviation * jax.random.normal(slant))
    angle = _ROTATION * jax.random.normal(rotation)
    cosine, sine = jnp.cos(angle), jnp.sin(angle)
    return jnp.stack([cosine * x - sine * y, sine * x + cosine * y], axis=-1)


def _wave(key, points):
    """A displacement of the points that varies slowly over the unit square."""
    frequency, phase, amplitude = jax.random.split(key, 3)
    frequencies = jax.random.uniform(frequency, (2, 2), minval=-5.0, maxval=5.0)
    phases = jax.random.uniform(phase, (2,), maxval=2 * jnp.pi)
    amplitudes = _WARP * jax.random.normal(amplitude, (2,))
    angles = points[..., :1] * frequencies[0] + points[..., 1:] * frequencies[1] + phases
    return amplitudes * jnp.sin(angles)


def _framed(key, starts, ends):
    """The same in pixels from the image's centre, and the pen's radius, for a side of 28."""
    pen, scale, shift = jax.random.split(key, 3)
    radius = jax.random.uniform(pen, minval=_RADIUS[0], maxval=_RADIUS[1])
    scale = jax.random.uniform(scale, minval=_SCALE[0], maxval=_SCALE[1])
    extent = jnp.max(jnp.ptp(jnp.concatenate([starts, ends]), axis=0))
    scale = (_BOX * scale - 2 * radius) / extent
    lengths = jnp.linalg.norm(ends - starts, axis=-1, keepdims=True)
    centre = jnp.sum(lengths * (starts + ends) / 2, axis=0) / jnp.sum(lengths)
    shift = _SHIFT * jax.random.normal(shift, (2,))
    return scale * (starts - centre) + shift, scale * (ends - centre) + shift, radius


def _drawn(starts, ends, radius, shape):
    """The pen's grey values at every pixel."""
    unit = min(shape) / _SIDE
    y, x = (
        ((jnp.arange(size) + 0.5 - size / 2) / unit).reshape(axes)
        for size, axes in zip(shape, ((-1, 1), (1, -1)), strict=True)
    )
    along = ends - starts
    square = jnp.maximum(jnp.sum(along**2, axis=-1), 1e-12)

    def nearer(piece, distance):
        dx, dy = x - starts[piece, 0], y - starts[piece, 1]
        ux, uy = along[piece, 0], along[piece, 1]
        t = jnp.clip((dx * ux + dy * uy) / square[piece], 0, 1)
        return jnp.minimum(distance, (dx - t * ux) ** 2 + (dy - t * uy) ** 2)

    distance = jax.lax.fori_loop(0, len(starts), nearer, jnp.full(shape, jnp.inf), unroll=8)
    return jnp.clip((radius - jnp.sqrt(distance)) * unit / _EDGE + 0.5, 0, 1)[..., None]
