"""SRCNN 9-1-5 (Dong et al., ECCV 2014); variant "cpu": Adam, minutes on two cores.

Variants "9-3-5" and "9-5-5": the larger networks of the journal paper (TPAMI 2016), which it trains
on ImageNet: `--config.data.images=<folder>`.
"""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("9-3-5", "9-5-5", "cpu", "tiny"))
    config = common.luminance()
    config.paper = "srcnn 9-1-5"
    config.model = ConfigDict({"name": "srcnn", "padding": "valid", "dtype": "float32"})
    config.data.update({"batch_size": 128, "patch_size": 33})
    # The paper's rates belong to a loss summed over pixels; the last layer learns ten times slower.
    config.task.loss = "sum_of_squares_half"
    config.optimizer = ConfigDict(
        {
            "name": "sgd",
            "momentum": 0.9,
            "clip_norm": 0.0,
            "multipliers": {"conv3": 0.1},
            "schedule": {"name": "constant", "peak": 1e-4, "warmup": 0},
        }
    )
    config.train.update({"steps": 15_000_000, "log_every": 1000})
    config.train.update({"validate_every": 50_000, "checkpoint_every": 50_000})
    if variant in ("9-3-5", "9-5-5"):
        config.paper = f"srcnn {variant}"
        config.model.kernel_sizes = tuple(map(int, variant.split("-")))
    if variant in ("cpu", "tiny"):
        config.task.loss = "mse"
        config.model.padding = "same"
        config.data.update({"batch_size": 16, "patch_size": 48})
        config.optimizer = ConfigDict(
            {
                "name": "adam",
                "clip_norm": 0.0,
                "multipliers": {"conv3": 0.1},
                "schedule": {"name": "cosine", "peak": 2e-3, "warmup": 100},
            }
        )
        config.train.update({"steps": 14_000, "log_every": 100, "ema_decay": 0.999})
        config.train.update({"validate_every": 2000, "checkpoint_every": 1000})
    if variant == "tiny":
        common.make_tiny(config)
        config.model.features = (8, 4)
    return config
