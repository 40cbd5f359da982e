"""SRGAN (Ledig et al., CVPR 2017): x4, first by squared error and then against a discriminator.

The content loss is that of SRGAN-MSE. With a file of VGG-19 in `--config.task.features`, that of
SRGAN-VGG54 is `--config.task.content=relu5_4`, that of VGG22 "relu2_2". "mini_…" are narrow
networks for minutes on two cores; "mini_distilled22" and "mini_distilled41" compare the maps
"relu2_2" and "relu4_1" of a small copy of VGG-19.
"""

from ml_collections import ConfigDict

from configs import common

# By the last word of the variant, the map that is compared and the network that it is of.
_DISTILLED = "distilled_vgg19_4"
CONTENT = {
    "mse": ("mse", ""),
    "distilled22": ("relu2_2", _DISTILLED),
    "distilled41": ("relu4_1", _DISTILLED),
}


def get_config(variant=""):
    common.check_variant(variant, (*(f"mini_{name}" for name in CONTENT), "tiny"))
    small = variant.startswith("mini_")
    content, features = CONTENT[variant.removeprefix("mini_") if small else "mse"]
    config = common.luminance()
    common.colour(config)
    config.task = ConfigDict(
        {
            "name": "adversarial_super_resolution",
            "scale": 4,
            "degradation": "bicubic_8bit",
            "pretraining_steps": 1_000_000,
            "content": content,
            "features": features,
            "adversarial": 1e-3,
        }
    )
    config.model = ConfigDict(
        {
            "generator": {"name": "srresnet", "blocks": 16},
            "discriminator": {"name": "srgan_discriminator", "size": 96},
        }
    )
    constant = {"name": "constant", "peak": 1e-4}
    tenth = {"name": "step", "peak": 1e-4, "every": 100_000, "factor": 0.1}
    config.optimizer = ConfigDict(
        {
            "pretraining": {"name": "adam", "schedule": constant},
            "generator": {"name": "adam", "schedule": tenth},
            "discriminator": {"name": "adam", "schedule": tenth},
        }
    )
    config.data.update(
        {"images": "tfds:imagenet2012:train", "storage": "streamed", "patch_size": 96}
    )
    config.data.update({"on_error": "skip", "workers": 16})
    # By PSNR the first steps against the discriminator are the best: only the last are scored.
    config.train.update({"steps": 1_200_000, "log_every": 100})
    config.train.update({"validate_every": 200_000, "checkpoint_every": 10_000})
    scoring = {"scale": 4, "protocol": "rgb_sharpness"}
    config.validation = ConfigDict({"images": "scikit_image", **scoring})
    config.evaluation = ({"images": "set5", **scoring},)
    if small:
        _make_mini(config)
    if variant == "tiny":
        common.make_tiny(config)
        config.data.update({"storage": "resident", "workers": 0})
        config.task.pretraining_steps = 2
        _narrow(config, features=4, blocks=1, size=24)
    return config


def _make_mini(config):
    """Patches of T91: 2,000 steps of squared error and 400 against the discriminator."""
    _narrow(config, features=32, blocks=4, size=72)
    config.task.pretraining_steps = 2_000
    config.optimizer.pretraining = common.adam_with_cosine(1e-3)
    common.patches_of_t91(config)
    config.train.update({"steps": 2_400, "log_every": 50})
    config.train.update({"validate_every": 2_400, "checkpoint_every": 400})


def _narrow(config, features, blocks, size):
    config.model.generator.update({"features": features, "blocks": blocks})
    config.model.discriminator.update({"features": features // 2, "hidden": 128, "size": size})
