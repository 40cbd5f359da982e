"""DnCNN-S for noise of 25 (Zhang et al., TIP 2017)."""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("tiny",))
    config = common.denoising(sigma=(25.0, 25.0))
    config.paper = "dncnn"
    config.task.loss = "sum_of_squares_half"
    config.model = ConfigDict({"name": "dncnn", "depth": 17, "dtype": "float32"})
    config.data.update({"batch_size": 128, "patch_size": 40, "rescale": (1.0, 0.9, 0.8, 0.7)})
    common.adam_with_steps(config, steps=93_000, peak=1e-3, every=55_800, factor=0.1)
    if variant == "tiny":
        common.make_tiny(config)
        config.model.update({"depth": 3, "features": 8})
    return config
