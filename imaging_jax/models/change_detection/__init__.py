"""Networks of tiles whose codes tell what has changed, and how changes are scored."""

from imaging_jax.models.change_detection.few_shot import few_shot_scores, fit_few_shot
from imaging_jax.models.change_detection.ravaen import RaVAEn
from imaging_jax.models.change_detection.scores import (
    CHANGES,
    cosine_change,
    euclidean_change,
    kl_change,
    wasserstein_change,
)

__all__ = [
    "CHANGES",
    "RaVAEn",
    "cosine_change",
    "euclidean_change",
    "few_shot_scores",
    "fit_few_shot",
    "kl_change",
    "wasserstein_change",
]
