"""DRUNet for noise up to 50 (Zhang et al., TPAMI 2022); variant "color".

The variants "light_gray" and "light_color" are the networks that come with the package: a
fiftieth of the parameters, from generated images alone, an hour or two of a CPU's core.
"""

from ml_collections import ConfigDict

from configs import common

LIGHT = {"light_gray": "y", "light_color": "rgb"}


def get_config(variant=""):
    common.check_variant(variant, ("color", *LIGHT, "tiny"))
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
    if variant in LIGHT:
        make_light(config, LIGHT[variant])
    if variant == "tiny":
        common.make_tiny(config)
        config.model.update({"features": (8, 12, 16), "blocks": 1})
    return config


def make_light(config, colour):
    """Few parameters, textured dead leaves, Muon, and decibels as the loss."""
    config.paper = ""
    config.task.update({"colour": colour, "loss": "negative_psnr"})
    config.model.update({"features": (16, 32, 64, 128), "blocks": 1, "residual": True})
    config.data = common.textured_dead_leaves(batch_size=8, patch_size=64)
    common.muon_on_cpu(config, 24_000, ema_decay=0.999)
    config.validation.images = "dead_leaves"
    config.evaluation = ({"images": "set12_small", "sigma": 25, "protocol": "awgn"},)
