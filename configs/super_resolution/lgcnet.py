"""LGCNet (Lei et al., IEEE GRSL 2017) on UC Merced; variant "cpu": T91, minutes on two cores."""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("cpu", "tiny"))
    config = common.luminance()
    config.paper = "lgcnet"
    common.colour(config)
    config.model = ConfigDict({"name": "lgcnet", "dtype": "float32"})
    config.data.update({"images": "tfds:uc_merced:train", "batch_size": 64, "patch_size": 42})
    config.task.loss = "sum_of_squares_half"
    config.optimizer = ConfigDict(
        {
            "name": "sgd",
            "momentum": 0.9,
            "weight_decay": 1e-4,
            "clip_norm": 0.4,
            "schedule": {"name": "step", "peak": 0.1, "every": 40_000, "factor": 0.1, "warmup": 0},
        }
    )
    config.train.update({"steps": 160_000, "log_every": 100})
    config.train.update({"validate_every": 10_000, "checkpoint_every": 5_000})
    config.validation.images = "scikit_image"
    if variant in ("cpu", "tiny"):
        config.paper = ""
        config.task.loss = "l1"
        config.data.update({"images": "t91_train", "batch_size": 8, "patch_size": 36})
        config.validation.images = "t91_held_back"
        common.train_on_cpu(config, steps=1200, peak=1e-3, ema_decay=0.99)
    if variant == "tiny":
        common.make_tiny(config)
        config.model.update({"features": 4, "combined_features": 4})
    return config
