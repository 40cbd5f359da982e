"""RaVÆn: the small network on drawn tiles, or on dates of a Sentinel-2 scene, in minutes.

"medium" and "large" are the paper's other sizes, "sentinel2" the small one on the staged series.
"""

from ml_collections import ConfigDict

from configs import common

WIDTHS = {"medium": (32, 64, 128), "large": (32, 64, 128)}


def get_config(variant=""):
    common.check_variant(variant, ("medium", "large", "sentinel2", "tiny"))
    config = common.get_config()
    # The authors' weight is the batch over some 7.6 million tiles.
    config.task = ConfigDict({"name": "change_detection", "kl": 3.4e-5, "distance": "cosine"})
    config.model = ConfigDict({"name": "ravaen"})
    if variant in WIDTHS:
        config.model.update({"widths": WIDTHS[variant], "extra_depth": 2 * (variant == "large")})
    config.data = ConfigDict({"name": "drawn_tiles", "batch_size": 256, "patch_size": 32})
    schedule = {"name": "constant", "peak": 1e-3}
    config.optimizer = ConfigDict({"name": "adam", "schedule": schedule})
    config.validation = ConfigDict({"images": "drawn_changes:96:4", "protocol": "change"})
    config.evaluation = ({"images": "drawn_changes_test:96:16", "protocol": "change"},)
    common.for_steps(config, 1500, every=300)
    if variant == "sentinel2":
        # Dates before the last, two of them clouds: its windows are scored with changes and haze.
        config.data.update({"name": "scene_tiles", "images": "sentinel2_dates:before:4"})
        config.task.kl = 1e-5
        config.validation.images = "sentinel2_change_held_back:flood:haze:4"
        scored = [f"{change}:{light}" for change in ("burn", "flood") for light in ("none", "haze")]
        config.evaluation = tuple(
            {"images": f"sentinel2_change:{case}:4", "protocol": "change"} for case in scored
        )
    if variant == "tiny":
        config.model.update({"widths": (4, 4, 4), "latent": 8})
        config.data.batch_size = 8
        config.validation.images = "drawn_changes:40:1"
        config.evaluation = ({"images": "drawn_changes_test:40:1", "protocol": "change"},)
        common.for_steps(config, 4, every=2)
        config.train.log_every = 1
    return config
