"""EDSR (Lim et al., CVPRW 2017), baseline: 16 blocks of 64.

Variants: "full" (32 blocks of 256), "cpu" (8 blocks of 32, T91, minutes on two cores), "tiny".
The paper trains on DIV2K; `--config.data.images=<folder or tfds:div2k/bicubic_x2:train>`.
"""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("full", "cpu", "tiny"))
    config = common.get_config()
    config.task = ConfigDict(
        {
            "name": "super_resolution",
            "scales": (2,),
            "colour": "rgb",
            "degradation": "bicubic_8bit",
            "loss": "l1",
        }
    )
    config.model = ConfigDict(
        {
            "name": "edsr",
            "features": 64,
            "blocks": 16,
            "residual_scale": 1.0,
            "remat": False,
            "dtype": "float32",
        }
    )
    config.data = ConfigDict(
        {
            "name": "patches",
            "images": "tfds:div2k/bicubic_x2:train",
            "storage": "streamed",
            "batch_size": 16,
            "patch_size": 96,
            "rescale": (1.0,),
            "on_error": "stop",
            "workers": 8,
        }
    )
    config.optimizer = ConfigDict(
        {
            "name": "adam",
            "clip_norm": 0.0,
            "schedule": {
                "name": "step",
                "peak": 1e-4,
                "every": 200_000,
                "factor": 0.5,
                "warmup": 0,
            },
        }
    )
    config.train.update({"steps": 300_000, "log_every": 100})
    config.train.update({"validate_every": 10_000, "checkpoint_every": 5_000})
    config.validation = ConfigDict(
        {"images": "scikit_image", "scale": 2, "protocol": "rgb_rounded_once"}
    )
    config.evaluation = ({"images": "set5", "scale": 2, "protocol": "rgb"},)
    if variant == "full":
        config.paper = "edsr"
        config.model.update({"features": 256, "blocks": 32, "residual_scale": 0.1})
    if variant in ("cpu", "tiny"):
        config.task.scales = (3,)
        config.model.update({"features": 32, "blocks": 8})
        config.data.update({"images": "t91_train", "storage": "resident", "workers": 0})
        config.data.update({"batch_size": 16, "patch_size": 72})
        config.optimizer.schedule = ConfigDict({"name": "cosine", "peak": 1e-3, "warmup": 100})
        config.train.update({"steps": 5000, "log_every": 100, "ema_decay": 0.998})
        config.train.update({"validate_every": 1000, "checkpoint_every": 500})
        config.validation.update({"images": "t91_held_back", "scale": 3})
        config.evaluation = ({"images": "set5", "scale": 3, "protocol": "rgb_rounded_once"},)
    if variant == "tiny":
        common.make_tiny(config)
        config.model.update({"features": 4, "blocks": 2})
    return config
