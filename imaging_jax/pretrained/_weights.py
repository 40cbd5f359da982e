import difflib
import hashlib
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.data_root import under_data
from imaging_jax.pretrained._catalogue import WEIGHTS, Weights
from imaging_jax.pretrained._files import match, metadata, read


def load(name: str) -> tuple[nn.Module, dict[str, Any]]:
    """Builds a model and fills it with its weights, published or our own.

    Args:
        name: a key of `WEIGHTS`.

    Returns:
        The module and its variables: ``module.apply(variables, image)``. They are the tree that
        ``module.init`` gives: "params", and "batch_stats" where the model has batch norms.

    Raises:
        ValueError: an unknown name (with the nearest known one), IMAGING_DATA unset, a file of
            another sha256, or as `read`.
        FileNotFoundError: the file is not below IMAGING_DATA.
    """
    if name not in WEIGHTS:
        nearest = difflib.get_close_matches(name, WEIGHTS, n=1, cutoff=0.0)[0]
        raise ValueError(
            f"no weights are named {name!r}; the nearest is {nearest!r} of {sorted(WEIGHTS)}"
        )
    weights = WEIGHTS[name]
    path = _path(weights)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != weights.sha256:
        raise ValueError(f"{path} has sha256 {digest}, {name} wants {weights.sha256}")

    module = weights.model(**weights.values)
    channels = weights.bands or module.channels
    image = jax.ShapeDtypeStruct((1, weights.side, weights.side, channels), jnp.float32)
    frames = (1, 3, weights.side, weights.side)
    key = jax.random.key(0)
    known = {
        "frames": jax.ShapeDtypeStruct((*frames, channels), jnp.float32),
        "clear": jax.ShapeDtypeStruct((*frames, 1), jnp.float32),
        "noise": jax.ShapeDtypeStruct((1, getattr(module, "latent", 0)), jnp.float32),
        "image": image,
        "upsampled": image,
        "cube": image,
        "features": image,
        "sigma": 0.1,
        "key": key,
    }
    like = jax.eval_shape(module.init, key, *(known[name] for name in module.takes))
    return module, match(weights.convert(read(path)), like, str(path))


def origin(name: str) -> dict[str, str]:
    """What the header of our own weights tells of their training: "config" as JSON, and "step".

    Args:
        name: a key of `WEIGHTS`; those of others have none.
    """
    weights = WEIGHTS[name]
    return metadata(_path(weights)) if weights.packaged else {}


def _path(weights: Weights) -> Path:
    if weights.packaged:
        return Path(__file__).with_name("weights") / weights.file
    return under_data(weights.file, weights.model.__name__)
