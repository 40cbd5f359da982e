"""What `--list` shows."""

from imaging_jax import pretrained
from imaging_jax.models import MODELS
from train.data import DATA, IMAGE_SETS
from train.data.degradations import PRESETS
from train.engine.provenance import ROOT
from train.scoring.evaluations import ALL_PROTOCOLS
from train.systems.generators import GAUSSIAN, GAUSSIAN_PER_CLASS
from train.systems.opening import GIVEN, IDENTITY, INTERPOLATION, PROXIMALS, ZERO_SHOT


def listing() -> str:
    """Systems, configs, weights, data, sets, degradations and protocols, by name."""
    configs = sorted(
        str(file.relative_to(ROOT))
        for file in (ROOT / "configs").rglob("*.py")
        if file.stem not in ("__init__", "common")
    )
    sections = {
        "systems that need no weights": (*INTERPOLATION, IDENTITY, GIVEN, *PROXIMALS, ZERO_SHOT),
        "generators that need no weights": (f"{GAUSSIAN}:<components>", GAUSSIAN_PER_CLASS),
        "models": MODELS,
        "configs": configs,
        "weights": pretrained.WEIGHTS,
        "data": DATA,
        "image sets (or a folder, or tfds:<name>:<split>)": IMAGE_SETS,
        "degradations": PRESETS,
        "labelled sets (or tfds:<name>:<split>)": ("digits", "mnist:train", "mnist:test"),
        "protocols": ALL_PROTOCOLS,
    }
    return "\n".join(f"{title}\n  " + "\n  ".join(names) for title, names in sections.items())
