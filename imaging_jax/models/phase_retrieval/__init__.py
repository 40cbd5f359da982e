"""Networks that find images of the magnitudes of their Fourier transform."""

from imaging_jax.models.phase_retrieval.pr_dad import (
    PRDADDecoder,
    PRDADEncoder,
    PRDADPredictor,
)

__all__ = ["PRDADDecoder", "PRDADEncoder", "PRDADPredictor"]
