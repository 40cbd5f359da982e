"""VDSR (Kim et al., CVPR 2016); variant "cpu": 8 layers at x3, Adam, minutes on two cores."""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("cpu", "tiny"))
    config = common.luminance()
    config.paper = "vdsr"
    config.model = ConfigDict({"name": "vdsr", "depth": 20, "features": 64, "dtype": "float32"})
    # One model for three scales; 48 is the multiple of all three nearest above the paper's 41.
    config.task.update({"scales": (2, 3, 4), "loss": "sum_of_squares_half"})
    config.data.update(
        {"images": "t91_train", "batch_size": 63, "patch_size": 48, "rescale": (1.0, 0.7, 0.5)}
    )
    # The paper clips elements to ±theta / rate; the authors' port clips the norm at 0.4.
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
    if variant in ("cpu", "tiny"):
        config.paper = ""
        config.model.depth = 8
        config.task.update({"scales": (3,), "loss": "mse"})
        config.data.update({"batch_size": 16, "patch_size": 36, "rescale": (1.0,)})
        config.optimizer = ConfigDict(
            {
                "name": "adam",
                "clip_norm": 1.0,
                "schedule": {"name": "cosine", "peak": 1e-3, "warmup": 100},
            }
        )
        config.train.update({"steps": 2600, "log_every": 100, "ema_decay": 0.998})
        config.train.update({"validate_every": 1000, "checkpoint_every": 500})
    if variant == "tiny":
        common.make_tiny(config)
        config.model.update({"depth": 3, "features": 4})
    return config
