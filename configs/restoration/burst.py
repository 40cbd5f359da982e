"""Three noisy frames, up to two of them missing, made one image; two minutes on two cores."""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("tiny",))
    config = common.get_config()
    config.task = ConfigDict({"name": "burst_denoising"})
    config.model = ConfigDict({"name": "burst_cnn"})
    config.data = ConfigDict({"name": "bursts", "batch_size": 8, "patch_size": 40})
    common.train_on_cpu(config, steps=1500, peak=2e-3, ema_decay=0.99)
    config.validation = ConfigDict({"images": "bursts", "protocol": "bursts"})
    config.evaluation = ({"images": "bursts:1", "protocol": "bursts"},)
    if variant == "tiny":
        config.model.update({"depth": 2, "features": 8})
        config.data.update({"batch_size": 8, "patch_size": 12, "leaves": 10})
        common.for_steps(config, 4, every=2)
        config.train.log_every = 1
    return config
