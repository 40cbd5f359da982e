"""Training objectives, one pure function each."""

from imaging_jax.losses._pixel import charbonnier, l1, mse, sum_of_squares_half

__all__ = ["charbonnier", "l1", "mse", "sum_of_squares_half"]
