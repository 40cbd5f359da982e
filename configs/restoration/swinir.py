"""SwinIR (Liang et al., ICCVW 2021) for noise of 25 on luminance; variant "jpeg": quality 20.

The authors also halve the rate at 1.2, 1.4 and 1.5 million steps, with an epsilon of 3e-5 in the
loss, which is 1e-3 here, and start other levels and qualities from trained weights.
"""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("jpeg", "tiny"))
    config = common.denoising(sigma=(25.0, 25.0))
    config.model = ConfigDict({"name": "swinir", "drop_path": 0.1, "dtype": "float32"})
    config.data.update({"batch_size": 8, "patch_size": 128})
    if variant == "jpeg":
        make_jpeg(config)
    config.paper = "swinir"
    config.task.loss = "charbonnier"
    common.adam_with_steps(config, steps=1_600_000, peak=2e-4, every=800_000, factor=0.5)
    config.train.ema_decay = 0.999
    if variant == "tiny":
        common.make_tiny(config)
        config.model.update({"features": 8, "depths": (2,), "heads": 2, "window": 4})
    return config


def make_jpeg(config):
    """Windows of 7 straddle the blocks of 8."""
    config.task = common.luminance().task
    config.task.update({"scales": (1,), "degradation": "jpeg_20"})
    config.model.update({"window": 7, "value_range": 255.0})
    config.data.patch_size = 126
    scoring = {"quality": 20, "protocol": "jpeg"}
    config.validation = ConfigDict({"images": "t91_held_back", **scoring})
    config.evaluation = ({"images": "classic5", **scoring},)
