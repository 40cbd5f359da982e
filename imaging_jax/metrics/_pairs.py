import jax

from imaging_jax.operators import shave


def shaved_pair(reference: jax.Array, estimate: jax.Array, border: int):
    """Both images without their border; ValueError where their shapes differ."""
    if reference.shape != estimate.shape:
        raise ValueError(
            f"estimate: expected the shape of reference {reference.shape}, got {estimate.shape}"
        )
    return shave(reference, border), shave(estimate, border)
