"""Small variants of the remote-sensing papers' networks on one place seen on three clear days.

The upper two thirds of two dates to train on, their lower third to choose a checkpoint by, the
third date to score. Sharpness and ranking stand beside those of Wang,
Bayram, Sertel, Earth-Science Reviews 232, 2022.
"""

from ml_collections import ConfigDict

from configs import common

MODELS = {
    "srcnn": {"name": "srcnn"},
    "vdsr": {"name": "vdsr", "depth": 8, "features": 32},
    "lgcnet": {"name": "lgcnet", "combined_features": 32},
    "pecnn": {"name": "pecnn", "shifts": "corrected"},
    "rdn": {"name": "rdn", "D": 2, "C": 3, "G": 16, "G0": 32},
}


def get_config(variant=""):
    common.check_variant(variant, (*MODELS, "tiny"))
    config = common.luminance()
    common.colour(config)
    config.model = ConfigDict(MODELS["pecnn" if variant in ("", "tiny") else variant])
    config.data.update({"images": "sentinel2_train", "batch_size": 8, "patch_size": 36})
    common.train_on_cpu(config, steps=2000, peak=1e-3, ema_decay=0.99)
    config.validation.update({"images": "sentinel2_held_back", "protocol": "rgb_channels"})
    config.evaluation = ({"images": "sentinel2_test", "scale": 3, "protocol": "rgb_channels"},)
    if variant == "tiny":
        common.make_tiny(config)
    return config
