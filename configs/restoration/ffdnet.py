"""FFDNet for noise up to 75 (Zhang, Zuo, Zhang, TIP 2018); variant "color"."""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("color", "tiny"))
    config = common.denoising(sigma=(0.0, 75.0))
    config.paper = "ffdnet"
    config.model = ConfigDict({"name": "ffdnet", "depth": 15, "features": 64, "dtype": "float32"})
    config.data.update({"batch_size": 64, "patch_size": 70, "rescale": (1.0, 0.75, 0.5)})
    common.adam_with_steps(config, steps=1_000_000, peak=1e-4, every=200_000, factor=1 / 3)
    config.optimizer.update({"name": "adamw", "weight_decay": 5e-4})
    if variant == "color":
        config.task.colour = "rgb"
        config.model.update({"depth": 12, "features": 96})
        config.evaluation = ({"images": "cbsd68", "sigma": 25, "protocol": "awgn"},)
    if variant == "tiny":
        common.make_tiny(config)
        config.model.update({"depth": 3, "features": 8})
    return config
