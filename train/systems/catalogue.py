"""One opener for every system, by name."""

import ast
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from imaging_jax import pretrained
from train.config.registry import nearest
from train.engine.folder import is_run
from train.systems import (
    alternating_projections,
    averages,
    changes,
    constant_captions,
    cubes,
    descriptors,
    despeckling,
    downscaling,
    fitted,
    forecasting,
    frames,
    interpolation,
    language,
    plug_and_play,
    priors,
    runs,
    soil_moisture,
    spectra,
    stylization,
    thresholding,
    weights,
    zero_shot,
)
from train.systems.combined import at_level, chain, with_self_ensemble
from train.systems.system import System


def _parts(opener: Callable[..., System], count: int) -> Callable[[str], System]:
    """An opener of what stands behind the name, cut at so many colons less one."""

    def opened(rest: str) -> System:
        parts = rest.split(":", count - 1)
        return opener(*parts, *[""] * (count - len(parts)))

    return opened


# By the word before the first colon; what follows it are the settings.
SYSTEMS: dict[str, Callable[[str], System]] = {
    **{name: partial(lambda name, _: interpolation.interpolation(name), name)
       for name in interpolation.KERNELS},
    "identity": lambda _: interpolation.identity(),
    "bicubic_field": lambda _: downscaling.bicubic_field(),
    "given": interpolation.given,
    **{name: _parts(partial(priors.fista_with_prior, name), 2) for name in priors.PRIORS},
    **{name: _parts(partial(alternating_projections.alternating_projections, name), 2)
       for name in alternating_projections.RULES},
    **{name: partial(cubes.by_rank, name) for name in cubes.RANKED},
    "lrtv": _parts(cubes.low_rank_total_variation, 2),
    "tdl": cubes.tensor_dictionaries,
    "gap_tv": spectra.gap_tv,
    "rgb_regression": _parts(spectra.rgb_regression, 2),
    "despeckle_tv": _parts(despeckling.despeckle_tv, 2),
    **{name: _parts(opener, 2) for name, opener in plug_and_play.SOLVERS.items()},
    "pnp_douglas_rachford": plug_and_play.douglas_rachford,
    "zero_filled": lambda _: interpolation.zero_filled(),
    **stylization.SYSTEMS,
    "zssr": zero_shot.system,
    "change": _parts(lambda *words: changes.change(*words, system), 3),
    "few_shot": lambda rest: changes.few_shot(rest, system),
    "pixel_change": _parts(changes.pixel_change, 2),
    "descriptor": descriptors.descriptor,
    **{kind: _parts(partial(descriptors.hashed, kind, lambda name: system(name)), 2)
       for kind in descriptors.HASHINGS},
    "pca_codes": _parts(changes.pca_codes, 2),
    **frames.SYSTEMS,
    "frame_average": lambda _: averages.frame_average(),
    "temporal_median": lambda _: averages.temporal_median(),
    "gaussian": _parts(fitted.gaussian, 2),
    "gaussian_per_class": fitted.gaussian_per_class,
    "pca": _parts(fitted.principal_components, 2),
    "kneser_ney": _parts(language.kneser_ney, 2),
    "grey_threshold": thresholding.grey_threshold,
    "constant_caption": constant_captions.constant_caption,
    "class_caption": constant_captions.class_caption,
    "persistence": lambda _: forecasting.persistence(),
    "previous_year": forecasting.previous_year,
    "climatology": _parts(forecasting.climatology, 2),
    "climatology_ar": _parts(forecasting.climatology_ar, 2),
    "ridge": _parts(forecasting.ridge, 2),
    "polynomial": _parts(soil_moisture.polynomial, 3),
    "tau_omega": soil_moisture.tau_omega,
    "coarse_bicubic": lambda _: soil_moisture.coarse_bicubic(),
    "coarse_replication": lambda _: soil_moisture.coarse_replication(),
}  # fmt: skip
# How each is written, for --list and for messages.
FORMS = {
    "given": "given:<degradation>",
    **{name: f"{name}:<degradation>:<weight>" for name in priors.PRIORS},
    **{name: f"{name}:<iterations>:<starts>" for name in alternating_projections.RULES},
    **{name: f"{name}:<rank>" for name in cubes.RANKED},
    "lrtv": "lrtv:<rank>:<weight>",
    "tdl": "tdl:<sigma>",
    "gap_tv": "gap_tv:<weight>",
    "rgb_regression": "rgb_regression:<degree>:<set>",
    "despeckle_tv": "despeckle_tv:<looks>:<weight>",
    **{name: f"{name}:<degradation>:<denoiser>" for name in plug_and_play.SOLVERS},
    "pnp_douglas_rachford": "pnp_douglas_rachford:<denoiser>",
    **{name: f"{name}:<painting>" for name in stylization.SYSTEMS},
    "zssr": "zssr:<iterations>",
    "change": "change:<distance>:<dates>:<encoder>",
    "few_shot": "few_shot:<encoder>@<set>",
    "pixel_change": "pixel_change:<distance>:<dates>",
    "descriptor": "descriptor:<name>",
    **{kind: f"{kind}:<bits>:<encoder>@<set>" for kind in descriptors.HASHINGS},
    "pca_codes": "pca_codes:<components>:<set>",
    **{name: f"{name}:<scale>" for name in frames.SYSTEMS},
    "gaussian": "gaussian:<components>:<set>",
    "gaussian_per_class": "gaussian_per_class:<set>",
    "pca": "pca:<components>:<set>",
    "kneser_ney": "kneser_ney:<order>:<set>",
    "grey_threshold": "grey_threshold:<set>",
    "constant_caption": "constant_caption:<set>",
    "class_caption": "class_caption:<set>",
    "previous_year": "previous_year:<set>",
    "climatology": "climatology:<monthly, harmonic or harmonic_trend>:<set>",
    "climatology_ar": "climatology_ar:<likewise>:<set>",
    "ridge": "ridge:<lags>:<set>",
    "polynomial": "polynomial:<degree>:<brightness, radiometer or all>:<set>",
    "tau_omega": "tau_omega:<V, H or VH>",
}


def system(name: str, model: str = "") -> System:
    """Opens a system by name.

    Args:
      name: a run folder, a .safetensors file of a run, the name of weights, or one of SYSTEMS with
        its settings behind colons as FORMS tells; "<name>+" for the self-ensemble;
        "at_level:<denoiser>:<sigma>" for one that is told this level alone; "<name>,<name>" for
        one after the other, where "+" holds for the one it stands at.
      model: the model that a file of weights fills, as "<name>:<field>=<value>,…"; empty where the
        file was written by a run of ours, which tells it.

    Raises:
      ValueError: nothing of that name, with the nearest; settings that don't fit.
    """
    if name.endswith("+"):
        first, comma, last = name[:-1].rpartition(",")
        ensemble = with_self_ensemble(system(last, model))
        return chain(system(first), ensemble) if comma else ensemble
    if name.startswith("at_level:"):
        denoiser, _, sigma = name.removeprefix("at_level:").rpartition(":")
        return at_level(system(denoiser, model), sigma)
    path = Path(name)
    if is_run(path):
        return runs.trained(path)
    if model and not path.is_file():
        raise ValueError(f"--model={model}: {name} is no file of weights that a model could fill")
    if path.suffix in (".safetensors", ".npz") and path.is_file():
        return weights.filled(path, read_model(model)) if model else runs.from_file(path)
    if "," in name:
        first, _, second = name.partition(",")
        return chain(system(first), system(second))
    if name in pretrained.WEIGHTS:
        return weights.named(name)
    kind, _, rest = name.partition(":")
    if kind in SYSTEMS and (not rest or kind in FORMS):
        return SYSTEMS[kind](rest)
    known = [*(FORMS.get(key, key) for key in SYSTEMS), *pretrained.WEIGHTS]
    raise ValueError(f"{name!r} is no run folder and no known system; {nearest(name, known)}")


def read_model(words: str) -> dict[str, Any]:
    """Reads "<name>:<field>=<value>,…" as a config section of a model.

    Raises:
      ValueError: a field without a value.
    """
    name, _, rest = words.partition(":")
    section = {"name": name}
    # A comma inside brackets belongs to a value.
    for part in re.findall(r"(?:[^,(\[]|\([^)]*\)|\[[^\]]*\])+", rest):
        field, equals, value = part.partition("=")
        if not equals:
            raise ValueError(f"--model={words}: {part!r} has no value; wanted <field>=<value>")
        try:
            section[field] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            section[field] = value
    return section
