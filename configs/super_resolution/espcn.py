"""ESPCN 5-3-3 (Shi et al., CVPR 2016); variant "cpu": Adam, minutes on two cores.

Variant "colour": three 5x5 layers on colour images, LeakyReLU and a sigmoid at the output.
"""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("cpu", "colour", "tiny"))
    config = common.luminance()
    config.paper = "espcn"
    config.model = ConfigDict({"name": "espcn", "activation": "tanh", "dtype": "float32"})
    config.data.update({"batch_size": 128, "patch_size": 51})
    # The paper lowers the rate from 0.01 to 0.0001 when the loss stalls; the last layer learns
    # ten times slower.
    config.optimizer = ConfigDict(
        {
            "name": "sgd",
            "momentum": 0.9,
            "clip_norm": 0.0,
            "multipliers": {"conv3": 0.1},
            "schedule": {
                "name": "step",
                "peak": 1e-2,
                "every": 300_000,
                "factor": 0.1,
                "warmup": 0,
            },
        }
    )
    config.train.update({"steps": 900_000, "log_every": 1000})
    config.train.update({"validate_every": 50_000, "checkpoint_every": 50_000})
    if variant in ("cpu", "colour", "tiny"):
        config.data.update({"batch_size": 16, "patch_size": 48})
        common.train_on_cpu(config, steps=25_000, peak=2e-3, ema_decay=0.999)
    if variant == "colour":
        config.paper = ""
        config.model.update(
            {
                "features": (64, 64),
                "kernel_sizes": (5, 5, 5),
                "activation": "leaky_relu",
                "output_activation": "sigmoid",
            }
        )
        common.colour(config)
        common.train_on_cpu(config, steps=3000, peak=1e-3, ema_decay=0.99)
    if variant == "tiny":
        common.make_tiny(config)
        config.model.features = (8, 4)
    return config
