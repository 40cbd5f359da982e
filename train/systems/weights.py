"""Weights of `imaging_jax.pretrained` as systems, and other files that fill a model of ours."""

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import numpy as np

from imaging_jax import pretrained
from imaging_jax.models import MODELS
from imaging_jax.models.classification import Classifier
from imaging_jax.models.generative import Autoencoder
from train.config.registry import build
from train.data.fields import CODED_MASK, CUBE, PICTURE, SNAPSHOT, Field, Fields, cubes_of, picture
from train.state.devices import data_mesh, replicated
from train.systems.compiled import compiled
from train.systems.system import Origin, System, digest, latent
from train.tasks.change_detection import WHOLE as OF_TILES
from train.tasks.change_detection import changed, changes_given, coded, places_taken
from train.tasks.cubes import made_of
from train.tasks.denoising import denoise
from train.tasks.multi_frame import WHOLE as OF_FRAMES
from train.tasks.multi_frame import frames_taken, image_given, lit_as_frames
from train.tasks.snapshot_imaging import reconstruct
from train.tasks.stylization import WHOLE
from train.tasks.super_resolution import enlarge
from train.tasks.task import period_of
from train.tasks.variational import FIGURES, measured


@dataclass(frozen=True)
class Application:
    """How a network of one kind serves without its task.

    Attributes:
      takes: network -> fields.
      gives: network -> fields.
      apply: (network, variables, inputs, **options) -> outputs.
      option: the name of what it is told; empty where nothing.
      whole: why a picture can't be cut into tiles, in words; empty where it can.
      assets: network -> what a system says beside its fields.
    """

    takes: Callable[[nn.Module], Fields]
    gives: Callable[[nn.Module], Fields]
    apply: Callable[..., dict[str, jax.Array]]
    option: str = ""
    whole: str = ""
    assets: Callable[[nn.Module], dict[str, Any]] = lambda network: {}


def _enlarge(network, variables, inputs, scale):
    return {"image": enlarge(network, variables, inputs["image"], scale)}


def _denoise(network, variables, inputs, sigma):
    return {"image": denoise(network, variables, inputs["image"], sigma)}


def _stylize(network, variables, inputs, scale):
    del scale
    return {"image": network.apply(variables, inputs["image"])}


def _decode_or_measure(network, variables, inputs):
    if "latent" in inputs:
        return {"image": network.apply(variables, inputs["latent"], method="decode")}
    return measured(network, variables, inputs["image"])


def _classify(network, variables, inputs):
    return {"scores": network.apply(variables, inputs["image"])}


def _picture(network: nn.Module) -> Fields:
    del network
    return {"image": PICTURE}


def _own_image(network: nn.Module) -> Fields:
    return {"image": Field(network.image_shape, "float32", "image", (0.0, 1.0))}


def _denoise_cube(network, variables, inputs, sigma=None):
    # Trained for one level, it needn't be told.
    del sigma
    return {"image": made_of(network, variables, inputs["image"])}


def _cube(network: nn.Module) -> Fields:
    del network
    return {"image": CUBE}


def _spectra(network, variables, inputs):
    return {"image": made_of(network, variables, inputs["image"])}


def _undo_snapshot(network, variables, inputs):
    return {"image": reconstruct(network, variables, **inputs)}


def _cube_of_snapshot(network: nn.Module) -> Fields:
    of_bands = network.takes == ("bands",)
    return {"image": cubes_of(network.bands_out if of_bands else network.bands)}


def _of_frames(network, variables, inputs):
    return {"image": lit_as_frames(network, variables, inputs)}


def _changed(network, variables, inputs):
    if "before" not in inputs:
        return coded(network, variables, inputs["image"])
    return changed(network, variables, inputs, "cosine")


APPLICATIONS = {
    "change_detection": Application(
        places_taken,
        changes_given,
        _changed,
        whole=OF_TILES,
        assets=lambda network: {"bands": list(network.bands)},
    ),
    "multi_frame_super_resolution": Application(
        frames_taken, lambda network: {"image": image_given(network)}, _of_frames, whole=OF_FRAMES
    ),
    "cube_denoising": Application(_cube, _cube, _denoise_cube, "sigma"),
    "snapshot_imaging": Application(
        lambda network: {"snapshot": SNAPSHOT, "mask": CODED_MASK},
        _cube_of_snapshot,
        _undo_snapshot,
    ),
    "spectral_reconstruction": Application(
        lambda network: {"image": picture(network.bands_in)},
        lambda network: {"image": cubes_of(network.bands_out)},
        _spectra,
    ),
    "super_resolution": Application(_picture, _picture, _enlarge, "scale"),
    "denoising": Application(_picture, _picture, _denoise, "sigma"),
    "stylization": Application(
        lambda _: {"image": picture(3)},
        lambda _: {"image": picture(3)},
        _stylize,
        "scale",
        WHOLE,
    ),
    "variational": Application(
        lambda network: {**_own_image(network), "latent": latent(network.latent)},
        lambda network: {**_own_image(network), **FIGURES},
        _decode_or_measure,
    ),
    "classification": Application(
        _own_image,
        lambda network: {"scores": Field((network.classes,), "float32", "scores")},
        _classify,
    ),
}


def named(name: str) -> System:
    """Weights of `imaging_jax.pretrained`, published or our own.

    Raises:
      ValueError: weights of a network that only serves others.
    """
    entry = pretrained.WEIGHTS[name]
    if entry.task not in APPLICATIONS:
        raise ValueError(f"{name}: its network serves others alone and is no system")
    network, variables = pretrained.load(name)
    model = next(key for key, value in MODELS.items() if value is entry.model)
    origin = origin_of(name, network)
    return _system(model, name, network, variables, origin, entry.task, entry.serves)


def origin_of(name: str, network: nn.Module) -> Origin:
    """Where weights of `imaging_jax.pretrained` come from, that fill this network."""
    entry = pretrained.WEIGHTS[name]
    own = pretrained.origin(name)
    training = {"config": json.loads(own["config"]), "step": int(own["step"])} if own else None
    return Origin(
        "trained here" if own else "published",
        sha256=entry.sha256,
        seed=training["config"]["seed"] if training else None,
        training=training,
        paper=entry.paper,
        precision=str(np.dtype(network.dtype)),
    )


def filled(file: Path, model: Mapping[str, Any]) -> System:
    """A model of ours that restores, filled by a file whose leaves have our names.

    Args:
      file: .safetensors or .npz.
      model: `name` in `imaging_jax.models.MODELS`, and fields.

    Raises:
      ValueError: an unknown model or field, one that restores nothing, or leaves that aren't those
        of the model.
    """
    network = build(MODELS, model, "--model")
    whole = isinstance(network, Autoencoder | Classifier)
    if whole or not {*network.takes} <= {"image", "upsampled", "sigma"}:
        raise ValueError(f"--model={model['name']}: it restores nothing by itself")
    scaled = "scale" in inspect.signature(type(network)).parameters
    task = "super_resolution" if scaled or "upsampled" in network.takes else "denoising"
    image = jax.ShapeDtypeStruct((1, 32, 32, network.channels), np.float32)
    arguments = [0.1 if name == "sigma" else image for name in network.takes]
    like = jax.eval_shape(network.init, jax.random.key(0), *arguments)
    variables = pretrained.load_params(file, like)
    precision = str(np.dtype(network.dtype))
    settings = {"model": dict(model)}
    origin = Origin("published", digest(variables), precision=precision, settings=settings)
    serves = (network.scale,) if scaled else ()
    return _system(model["name"], file.stem, network, variables, origin, task, serves)


def _system(name, weights, network, variables, origin, task, serves) -> System:
    application = APPLICATIONS[task]
    takes, gives = application.takes(network), application.gives(network)
    pure = partial(application.apply, network)
    apply = compiled(pure, takes, gives)
    placed = jax.device_put(variables, replicated(data_mesh()))
    return System(
        name,
        weights,
        partial(apply, placed),
        origin,
        takes,
        gives,
        {application.option: serves} if application.option else {},
        pure=partial(pure, placed),
        period=period_of(network),
        whole=application.whole,
        assets=application.assets(network),
    )
