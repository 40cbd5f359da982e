"""A light EDSR x3 in a minute and a half on two cores, from generated images alone."""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("tiny",))
    config = common.get_config()
    config.task = ConfigDict(
        {
            "name": "super_resolution",
            "scales": (3,),
            "colour": "rgb",
            "degradation": "bicubic_8bit",
            "loss": "l1",
        }
    )
    config.model = ConfigDict(
        {"name": "edsr_light", "features": 32, "blocks": 4, "dtype": "float32", "remat": False}
    )
    config.data = ConfigDict(
        {
            "name": "dead_leaves",
            "batch_size": 16,
            "patch_size": 48,
            "leaves": 200,
            "radius": (4.0, 100.0),
            "exponent": 3.0,
            "jitter": 0.5,
            "chroma": 0.05,
            "supersampling": 2,
            "blur": 1.0,
            "texture": 0.1,
        }
    )
    config.optimizer = ConfigDict(
        {
            "name": "adam",
            "clip_norm": 0.0,
            "schedule": {"name": "cosine", "peak": 3e-3, "warmup": 200},
        }
    )
    config.train.update({"steps": 4000, "ema_decay": 0.99})
    config.train.update({"validate_every": 1000, "checkpoint_every": 1000})
    config.validation = ConfigDict(
        {"images": "dead_leaves", "scale": 3, "protocol": "rgb_rounded_once"}
    )
    config.evaluation = ({"images": "scikit_image", "scale": 3, "protocol": "rgb_rounded_once"},)
    if variant == "tiny":
        config.model.update({"features": 8, "blocks": 1})
        config.data.update({"batch_size": 8, "patch_size": 24, "leaves": 10})
        config.train.update(
            {"steps": 4, "log_every": 1, "validate_every": 2, "checkpoint_every": 2}
        )
        config.evaluation = ({"images": "dead_leaves", "scale": 3, "protocol": "rgb_rounded_once"},)
    return config
