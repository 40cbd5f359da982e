import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.operators import shave


def shaved_pair(reference: jax.Array, estimate: jax.Array, border: int):
    """Both images without their border; ValueError where they can't be compared."""
    if np.shape(reference) != np.shape(estimate):
        raise ValueError(
            f"estimate: expected the shape of reference {np.shape(reference)}, "
            f"got {np.shape(estimate)}"
        )
    for name, image in (("reference", reference), ("estimate", estimate)):
        if jnp.iscomplexobj(image):
            raise ValueError(f"{name}: expected a real image, got {image.dtype}")
    return shave(reference, border), shave(estimate, border)
