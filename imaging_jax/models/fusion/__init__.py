"""Networks that fuse several inputs of one place, one file a published system."""

from imaging_jax.models.fusion.srdrn import SRDRN

__all__ = ["SRDRN"]
