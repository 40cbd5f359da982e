from collections.abc import Callable

import jax
import jax.numpy as jnp


def self_ensemble(restore: Callable[[jax.Array], jax.Array], x: jax.Array) -> jax.Array:
    """The mean of a network's answers to an image turned and mirrored in all eight ways.

    Args:
        restore: maps ``(..., H, W, C)`` to ``(..., scale·H, scale·W, C)``, at ``(W, H)`` too.
        x: ``(..., H, W, C)``.

    Returns:
        ``(..., scale·H, scale·W, C)``. The papers mark it with a "+", as in EDSR+.

    Source: Lim, Son, Kim, Nah, Lee, CVPRW 2017 (EDSR), section 3.4; after Timofte, Rothe, Van
    Gool, CVPR 2016.
    """
    answers = []
    for turns in range(4):
        for mirror in (False, True):
            answer = restore(dihedral(x, turns, mirror))
            answers.append(inverse_dihedral(answer, turns, mirror))
    return sum(answers) / len(answers)


def dihedral(x: jax.Array, turns: int, mirror: bool) -> jax.Array:
    """Turns ``(..., H, W, C)`` by quarters, counter-clockwise, then mirrors it left to right."""
    turned = jnp.rot90(x, turns, axes=(-3, -2))
    return jnp.flip(turned, axis=-2) if mirror else turned


def inverse_dihedral(x: jax.Array, turns: int, mirror: bool) -> jax.Array:
    """Undoes `dihedral`."""
    return jnp.rot90(jnp.flip(x, axis=-2) if mirror else x, -turns, axes=(-3, -2))
