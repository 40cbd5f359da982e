"""DeepSUM: the paper's on Proba-V, trained at once, and "generated", small, on drawn scenes."""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("generated", "tiny"))
    config = common.get_config()
    config.task = ConfigDict({"name": "multi_frame_super_resolution", "error": "squared"})
    config.model = ConfigDict({"name": "deepsum"})
    if not variant:
        common.proba_v(config, batch_size=8, patch_size=32, frames=9)
        schedule = {"name": "constant", "peak": 5e-6}
        config.optimizer = ConfigDict({"name": "adam", "schedule": schedule})
        common.for_steps(config, 970_000, every=10_000)
        return config
    # Levels of drawn scenes, whose darkest is 0 and whose brightest is 1.
    levels = {"mean": 0.45, "deviation": 0.25, "target_deviation": 0.25}
    config.model.update({"features": 8, "depth": 3, "displacement": 2, **levels})
    common.frame_scenes(config, batch_size=4, patch_size=16)
    common.train_on_cpu(config, steps=3000, peak=2e-3, ema_decay=0.0)
    if variant == "tiny":
        config.model.update({"frames": 3, "features": 4, "depth": 1, "displacement": 1})
        common.make_frame_scenes_tiny(config)
    return config
