"""Downscaling of climate fields: what terrain adds, and where it is best fused; minutes on a CPU.

The variants are the fusions of a small SRDRN on temperature, "none" (also without a variant),
"early", "middle", "attention" and "late"; "precipitation" has rain by the middle one.
"""

from ml_collections import ConfigDict

from configs import common

FUSIONS = ("none", "early", "middle", "attention", "late")
SIDE = 64


def get_config(variant=""):
    common.check_variant(variant, (*FUSIONS, "precipitation", "tiny"))
    quantity = "precipitation" if variant == "precipitation" else "temperature"
    fusion = variant if variant in FUSIONS else "middle" if variant else "none"
    config = common.get_config()
    config.task = ConfigDict({"name": "downscaling", "scale": 4, "quantity": quantity})
    config.model = ConfigDict({"name": "srdrn", "fusion": fusion, "features": 24, "blocks": 4})
    config.data = ConfigDict(
        {"name": "climate_scenes", "batch_size": 8, "patch_size": SIDE, "quantity": quantity}
    )
    common.train_on_cpu(config, steps=4000, peak=2e-3, ema_decay=0.99)
    config.train.cpu_devices = 1
    _score_on(config, quantity, SIDE)
    if variant == "tiny":
        config.model.update({"features": 8, "blocks": 1})
        config.data.update({"batch_size": 2, "patch_size": 16})
        common.for_steps(config, 4, every=2)
        config.train.log_every = 1
        _score_on(config, quantity, 16)
    return config


def _score_on(config, quantity, side):
    scoring = {"scale": config.task.scale, "protocol": "downscaling"}
    config.validation = ConfigDict({"images": f"climate_scenes:{quantity}:{side}", **scoring})
    config.evaluation = ({"images": f"climate_scenes_test:{quantity}:{side}", **scoring},)
