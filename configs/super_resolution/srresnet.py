"""SRResNet (Ledig et al., CVPR 2017): x4, squared error, ImageNet; "mini" is narrow, of T91."""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("mini", "tiny"))
    config = common.luminance()
    config.paper = "srresnet"
    common.colour(config)
    config.task.update({"scales": (4,), "loss": "mse"})
    config.model = ConfigDict({"name": "srresnet", "blocks": 16, "dtype": "float32"})
    config.data.update(
        {"images": "tfds:imagenet2012:train", "storage": "streamed", "patch_size": 96}
    )
    config.data.update({"on_error": "skip", "workers": 16})
    config.optimizer = ConfigDict(
        {
            "name": "adam",
            "clip_norm": 0.0,
            "schedule": {"name": "constant", "peak": 1e-4, "warmup": 0},
        }
    )
    config.train.update({"steps": 1_000_000, "log_every": 100})
    config.train.update({"validate_every": 10_000, "checkpoint_every": 10_000})
    config.validation.update({"images": "scikit_image", "scale": 4})
    config.evaluation = ({"images": "set5", "scale": 4, "protocol": "rgb_rounded_once"},)
    if variant == "mini":
        config.paper = ""
        config.model.update({"features": 32, "blocks": 4})
        common.patches_of_t91(config)
        common.train_on_cpu(config, 2_000, peak=1e-3, ema_decay=0.0)
    if variant == "tiny":
        common.make_tiny(config)
        config.data.update({"storage": "resident", "workers": 0})
        config.model.update({"features": 4, "blocks": 1})
    return config
