import os
from collections.abc import Callable

import jax

from imaging_jax.pretrained._catalogue import WEIGHTS
from imaging_jax.pretrained._vgg19 import load_vgg19
from imaging_jax.pretrained._weights import load


def load_features(source: str | os.PathLike) -> Callable[[jax.Array], dict[str, jax.Array]]:
    """Opens a network whose activations are compared in perceptual losses.

    Args:
        source: a name of `WEIGHTS` whose task is "features", such as "distilled_vgg19_4", or a
            file of VGG-19, see `load_vgg19`.

    Returns:
        A function that maps images (..., H, W, 3) in [0, 1] to maps by name, such as "relu2_2";
        a `jax.tree_util.Partial`, so that weights are arguments of programs that are given it.

    Raises:
        ValueError: weights of another task; or as `load` and `load_vgg19`.
        FileNotFoundError: there is no such file.
    """
    if source in WEIGHTS and WEIGHTS[source].task != "features":
        raise ValueError(f"{source}: wanted a network of features, got {WEIGHTS[source].task}")
    module, variables = load(source) if source in WEIGHTS else load_vgg19(source)
    return jax.tree_util.Partial(module.apply, variables)
