"""Reviews: what tells how good a state is, while it trains and at its end.

A review is built of the config's sections `validation` and `evaluation` by
`from_config(config, task)`, which raises a ValueError for whatever couldn't be scored. It has
`validate(state, pictures, step) -> {name: value}` (draws into the folder `pictures`),
`quality(scores)` (of these, larger is better: what chooses the best checkpoint), `says(scores)`
(a line for the console), and `finish(state, pictures) -> Findings`.
"""

from train.scoring.reviews.findings import Findings
from train.scoring.reviews.generation import GenerationReview
from train.scoring.reviews.reconstruction import ReconstructionReview
from train.scoring.reviews.restoration import RestorationReview

REVIEWS = {
    "generation": GenerationReview,
    "reconstruction": ReconstructionReview,
    "restoration": RestorationReview,
}

__all__ = ["REVIEWS", "Findings", "GenerationReview", "ReconstructionReview", "RestorationReview"]
