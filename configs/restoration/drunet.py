"""DRUNet for noise up to 50 (Zhang et al., TPAMI 2022); variant "color"."""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("color", "tiny"))
    config = common.denoising(sigma=(0.0, 50.0))
    config.paper = "drunet"
    config.task.loss = "l1"
    config.model = ConfigDict(
        {"name": "drunet", "features": (64, 128, 256, 512), "blocks": 4, "dtype": "float32"}
    )
    config.data.update({"batch_size": 16, "patch_size": 128})
    common.adam_with_steps(config, steps=800_000, peak=1e-4, every=100_000, factor=0.5)
    if variant == "color":
        config.task.colour = "rgb"
        config.evaluation = ({"images": "cbsd68", "sigma": 25, "protocol": "awgn"},)
    if variant == "tiny":
        common.make_tiny(config)
        config.model.update({"features": (8, 12, 16), "blocks": 1})
    return config
