"""Tasks: what is trained and how it predicts. The loop knows nothing else of them.

A task is built by `from_config(config, settings)` and has `stages` (see `train.state.stage`),
`predicts` (the network of the state whose variables make its predictions, and are what a run's
weights are), `learning_rates(step)` (of each network the rate of the update after so many steps),
`review` (a name of `train.scoring.reviews.REVIEWS`), `example(data)` (a batch as
shapes, read off the config's section `data` without opening it) and `check_data(data)`, which
raises a ValueError where the data don't fit.
"""

from train.tasks.adversarial import Adversarial
from train.tasks.autoencoding import Autoencoding
from train.tasks.denoising import Denoising
from train.tasks.style_adversarial import StyleAdversarial
from train.tasks.super_resolution import SuperResolution
from train.tasks.variational import Variational

TASKS = {
    "adversarial": Adversarial,
    "autoencoding": Autoencoding,
    "denoising": Denoising,
    "style_adversarial": StyleAdversarial,
    "super_resolution": SuperResolution,
    "variational": Variational,
}

__all__ = [
    "TASKS",
    "Adversarial",
    "Autoencoding",
    "Denoising",
    "StyleAdversarial",
    "SuperResolution",
    "Variational",
]
