"""Plain nets and residual ones of 20 and 56 layers: "plain_20", "residual_56", and so on.

He et al. found that plain nets train worse the deeper they are, and residual ones don't. Here on
digits drawn on the device, half as wide, in minutes on one core; with "mnist" behind on MNIST.
"""

from ml_collections import ConfigDict

from configs import common

KINDS = ("plain_20", "plain_56", "residual_20", "residual_56")


def get_config(variant=""):
    common.check_variant(variant, (*KINDS, *(f"{kind}_mnist" for kind in KINDS), "tiny"))
    name = {"": "residual_20", "tiny": "residual_8"}.get(variant, variant)
    kind, depth, *mnist = name.split("_")
    config = common.get_config()
    config.task = ConfigDict({"name": "classification"})
    config.model = ConfigDict(
        {
            "name": "cifar_resnet",
            "depth": int(depth),
            "residual": kind == "residual",
            "features": 8,
            "image_shape": (28, 28, 1),
        }
    )
    config.optimizer = ConfigDict(
        {
            "name": "sgd",
            "momentum": 0.9,
            "weight_decay": 1e-4,
            "schedule": {"name": "cosine", "peak": 0.1, "warmup": 50},
        }
    )
    common.of_labelled_digits(config, bool(mnist), batch_size=64)
    common.for_steps(config, 600, every=100)
    if variant == "tiny":
        config.model.features = 4
        config.data.batch_size = 8
        common.for_steps(config, 4, every=2)
        config.train.log_every = 1
    return config
