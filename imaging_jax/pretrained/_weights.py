import dataclasses
import difflib
import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from imaging_jax.models.super_resolution import EDSR, SRCNN, VDSR
from imaging_jax.pretrained import _converters
from imaging_jax.pretrained._files import match, read


@dataclasses.dataclass(frozen=True)
class Weights:
    """Where published weights lie, what they are, and which model they fill.

    Attributes:
        file: path below the folder that the environment variable IMAGING_DATA names.
        sha256: of that file.
        model: the module's class.
        values: its fields.
        scales: the enlargements that the weights serve.
        convert: maps the file's arrays to the module's parameters.
        source: where they were published, with the commit.
        licence: as stated there.
        paper: the system of the paper that they are a copy of, empty where they are of a variant.
    """

    file: str
    sha256: str
    model: type[nn.Module]
    values: Mapping[str, Any]
    scales: tuple[int, ...]
    convert: Callable[[Mapping[str, np.ndarray]], dict]
    source: str
    licence: str
    paper: str = ""


WEIGHTS: dict[str, Weights] = {
    "srcnn_chxy95_x3": Weights(
        file="weights/srcnn_chxy95_x3.npz",
        sha256="2305e73917df6ba528d20e93e57472257d9169464f9184d9a86039031df43f99",
        model=SRCNN,
        values={"padding": "edge"},
        scales=(3,),
        convert=_converters.srcnn_chxy95,
        source="github.com/chxy95/SRCNN, model/weights.pkl at b2d43e3d605b",
        licence="MIT",
        paper="srcnn 9-1-5",
    ),
    "vdsr_twtygqyy": Weights(
        file="weights/vdsr_twtygqyy.npz",
        sha256="4ba297685673621a7ad29f5cf31195bc233c1082c1095d91554da443987bda04",
        model=VDSR,
        values={"use_bias": False},
        scales=(2, 3, 4),
        convert=_converters.vdsr_twtygqyy,
        source="github.com/twtygqyy/pytorch-vdsr, model/model_epoch_50.pth at 514b02104401",
        licence="MIT",
        paper="vdsr",
    ),
    "edsr8_krasserm_x2": Weights(
        file="weights/edsr8_krasserm_x2.npz",
        sha256="54e690c6a183268501eb19967981e15a71e0f1d590ca7d7ef014a9a7d04b0164",
        model=EDSR,
        values={"scale": 2, "blocks": 8, "value_range": 2.0},
        scales=(2,),
        convert=_converters.edsr_krasserm,
        source=(
            "github.com/WolframRhodium/Super-Resolution-Zoo, "
            "WDSR/wdsr@krasserm/EDSR-8-x2-0000.params at 041842f177ab"
        ),
        licence="none stated",
    ),
}


def load(name: str) -> tuple[nn.Module, dict[str, Any]]:
    """Builds a published model and fills it with its weights.

    Args:
        name: a key of `WEIGHTS`.

    Returns:
        The module and its parameters: ``module.apply({"params": params}, image)``.

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
    root = os.environ.get("IMAGING_DATA")
    if not root:
        raise ValueError(f"set IMAGING_DATA to the folder that holds {weights.file}")
    path = Path(root) / weights.file
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != weights.sha256:
        raise ValueError(f"{path} has sha256 {digest}, {name} wants {weights.sha256}")

    module = weights.model(**weights.values)
    image = jax.ShapeDtypeStruct((1, 32, 32, module.channels), jnp.float32)
    like = jax.eval_shape(module.init, jax.random.key(0), image)["params"]
    return module, match(weights.convert(read(path)), like, str(path))
