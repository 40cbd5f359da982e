"""A vegetation index 30 days ahead, by one TCN for every pixel; the staged Sentinel-2 series.

The variant "tiny" is on a generated series, which needs no file.
"""

from ml_collections import ConfigDict

from configs import common

HISTORY, HORIZON = 12, 3


def get_config(variant=""):
    common.check_variant(variant, ("tiny",))
    config = common.get_config()
    config.task = ConfigDict({"name": "forecasting", "history": HISTORY, "horizon": HORIZON})
    config.model = ConfigDict({"name": "pixel_tcn", "widths": (16, 16, 16)})
    config.data = ConfigDict(
        {
            "name": "series_windows",
            "series": "ndvi:fit",
            "batch_size": 16,
            "patch_size": 16,
            "history": HISTORY,
            "horizon": HORIZON,
        }
    )
    config.optimizer = ConfigDict(
        {"name": "adamw", "schedule": {"name": "cosine", "peak": 1e-3, "warmup": 20}}
    )
    common.for_steps(config, 300, every=30)
    config.train.cpu_devices = 1
    scoring = {"protocol": "forecasting", "horizon": HORIZON}
    config.validation = ConfigDict({"images": "ndvi:held_back", **scoring})
    baseline = {"baseline": "climatology_ar:harmonic:ndvi:train"}
    config.evaluation = ({"images": "ndvi:test", **scoring, **baseline},)
    if variant == "tiny":
        config.model.widths = (4,)
        config.data.update({"series": "ecv:fit:8", "batch_size": 2, "patch_size": 4})
        common.for_steps(config, 4, every=2)
        config.train.log_every = 1
        config.validation.images = "ecv:held_back:8"
        baseline = {"baseline": "climatology_ar:harmonic:ecv:train:8"}
        config.evaluation = ({"images": "ecv:test:8", **scoring, **baseline},)
    return config
