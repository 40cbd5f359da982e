"""What `--list` shows."""

from imaging_jax import pretrained
from imaging_jax.models import MODELS
from train.data import DATA
from train.data.data_sets import IMAGE_SETS, KINDS
from train.data.presets import PRESETS
from train.engine.provenance import ROOT
from train.scoring.protocols import PROTOCOLS
from train.systems.catalogue import FORMS, SYSTEMS
from train.tasks import TASKS


def listing() -> str:
    """Systems, configs, weights, tasks, data, sets, degradations and protocols, by name."""
    configs = sorted(
        str(file.relative_to(ROOT))
        for file in (ROOT / "configs").rglob("*.py")
        if file.stem not in ("__init__", "common")
    )
    sections = {
        "systems that need no weights": [FORMS.get(name, name) for name in SYSTEMS],
        "systems of systems": ["<name>+", "<name>,<name>", "at_level:<denoiser>:<sigma>"],
        "models": MODELS,
        "configs": configs,
        "weights": pretrained.WEIGHTS,
        "tasks": TASKS,
        "data": DATA,
        "image sets (or a folder, a picture, or tfds:<name>:<split>)": IMAGE_SETS,
        "other sets": [f"{kind}:…" for kind in KINDS],
        "degradations": PRESETS,
        "protocols": PROTOCOLS,
    }
    return "\n".join(f"{title}\n  " + "\n  ".join(names) for title, names in sections.items())
