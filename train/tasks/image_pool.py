"""A pool of earlier generated images, of which a discriminator is shown some."""

import jax
import jax.numpy as jnp

SIZE = 50


def empty_pool(shape: tuple[int, ...]) -> dict[str, jax.Array]:
    """A pool of SIZE images of this shape (H, W, C), of which it holds none yet."""
    return {"images": jnp.zeros((SIZE, *shape)), "count": jnp.int32(0)}


def exchange(
    key: jax.Array, pool: dict[str, jax.Array], images: jax.Array
) -> tuple[dict[str, jax.Array], jax.Array]:
    """Shows the pool some images, one after the other.

    While it isn't full it takes each and gives the same back. Then, as likely as not, an image is
    exchanged for a random one of the pool.

    Args:
      key: of the exchanges.
      pool: as of `empty_pool`.
      images: (N, H, W, C).

    Returns:
      The pool, and (N, H, W, C).

    Source: Shrivastava et al., "Learning from Simulated and Unsupervised Images through Adversarial
    Training", CVPR 2017, section 2.3; as in CycleGAN's code.
    """

    def show(pool, shown):
        key, image = shown
        whether, which = jax.random.split(key)
        full = pool["count"] == SIZE
        place = jnp.where(full, jax.random.randint(which, (), 0, SIZE), pool["count"])
        taken = ~full | jax.random.bernoulli(whether)
        there = pool["images"][place]
        given = jnp.where(full & taken, there, image)
        kept = pool["images"].at[place].set(jnp.where(taken, image, there))
        return {"images": kept, "count": jnp.minimum(pool["count"] + 1, SIZE)}, given

    return jax.lax.scan(show, pool, (jax.random.split(key, len(images)), images))
