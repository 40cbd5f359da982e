"""3DWDSRNet: the paper's on Proba-V, and "generated", small, on drawn scenes."""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("generated", "tiny"))
    config = common.get_config()
    config.task = ConfigDict({"name": "multi_frame_super_resolution", "error": "absolute"})
    config.model = ConfigDict({"name": "wdsr3d"})
    if not variant:
        common.proba_v(config, batch_size=32, patch_size=32, frames=7)
        # The paper's optimizer is Nadam.
        schedule = {"name": "constant", "peak": 5e-4}
        config.optimizer = ConfigDict({"name": "adam", "schedule": schedule})
        common.for_steps(config, 150_000, every=5_000)
        return config
    levels = {"mean": 0.45, "deviation": 0.25}
    config.model.update({"features": 16, "depth": 3, **levels})
    common.frame_scenes(config, batch_size=4, patch_size=16)
    common.train_on_cpu(config, steps=4000, peak=2e-3, ema_decay=0.0)
    if variant == "tiny":
        config.model.update({"frames": 3, "features": 5, "depth": 1, "expansion": 2})
        common.make_frame_scenes_tiny(config)
    return config
