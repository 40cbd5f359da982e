import jax
import jax.numpy as jnp

from imaging_jax.synthesis._power_law_texture import power_law_texture

_PLAIN = 0.3
"""The fraction of leaves without a texture."""

_WAVELENGTHS = (2.5, 20.0)
_SHARPNESS = 3.0
"""``tanh(3 sin)`` has the flat stripes and steep edges of bricks and cloth."""


def leaf_textures(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Draws the two textures of a dead-leaves image: a rough one and stripes.

    The first is `power_law_texture` with an exponent uniform in [0, 2], from sand to clouds, with
    mean 0 and standard deviation 1. The second is a wave of random direction, its length
    log-uniform in [2.5, 20] pixels, its phase bent by the first texture by up to a pixel; half
    of the images have ``sin``, half ``tanh(3 sin)``.

    Args:
        key: random key.
        shape: (H, W), at least two pixels in all.

    Returns:
        ``(H, W, 2)``.
    """
    exponent_key, rough_key, stripes_key = jax.random.split(key, 3)
    exponent = jax.random.uniform(exponent_key, maxval=2.0)
    rough = power_law_texture(rough_key, shape, exponent, channels=1)[..., 0]
    rough = (rough - rough.mean()) / rough.std()
    return jnp.stack([rough, _stripes(stripes_key, rough)], axis=-1)


def _stripes(key, bending):
    angle, length, phase, bend, sharp = jax.random.split(key, 5)
    angle = jax.random.uniform(angle, maxval=jnp.pi)
    shortest, longest = _WAVELENGTHS
    length = shortest * (longest / shortest) ** jax.random.uniform(length)
    phase = jax.random.uniform(phase, maxval=2 * jnp.pi)
    rows, columns = jnp.indices(bending.shape)
    place = jnp.cos(angle) * rows + jnp.sin(angle) * columns
    place = place + jax.random.uniform(bend) * bending
    wave = jnp.sin(2 * jnp.pi * place / length + phase)
    return jnp.where(jax.random.bernoulli(sharp), jnp.tanh(_SHARPNESS * wave), wave)


def sample_contrasts(key: jax.Array, leaves: int, mean: float) -> jax.Array:
    """Draws how much of each of the two textures every leaf bears.

    Three leaves of ten are plain; the others have one texture, each as often, with an
    exponentially distributed contrast.

    Args:
        key: random key.
        leaves: how many.
        mean: of the contrasts of those that aren't plain.

    Returns:
        ``(leaves, 2)``, at most one of a row positive.
    """
    plain_key, choice_key, contrast_key = jax.random.split(key, 3)
    textured = jax.random.bernoulli(plain_key, 1 - _PLAIN, (leaves, 1))
    choice = jax.nn.one_hot(jax.random.randint(choice_key, (leaves,), 0, 2), 2)
    return mean * textured * choice * jax.random.exponential(contrast_key, (leaves, 1))
