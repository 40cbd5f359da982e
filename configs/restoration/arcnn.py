"""AR-CNN (Dong et al., ICCV 2015) for JPEG of quality 20; variant "cpu": residual, minutes.

The variant learns on T91 at half size, as deblocking before super-resolution by two meets it.
"""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("cpu", "tiny"))
    config = common.luminance()
    config.task.update({"scales": (1,), "degradation": "jpeg_20"})
    config.model = ConfigDict({"name": "arcnn", "dtype": "float32"})
    config.data.update({"images": "$IMAGING_DATA/sr/BSDS500_train", "batch_size": 128})
    config.data.patch_size = 32
    # The last layer learns ten times slower.
    config.optimizer = ConfigDict(
        {
            "name": "sgd",
            "momentum": 0.9,
            "clip_norm": 0.0,
            "multipliers": {"conv4": 0.1},
            "schedule": {"name": "constant", "peak": 5e-4, "warmup": 0},
        }
    )
    config.task.loss = "sum_of_squares_half"
    config.train.update({"steps": 1_000_000, "log_every": 1000})
    config.train.update({"validate_every": 50_000, "checkpoint_every": 50_000})
    config.validation.update({"scale": 1, "protocol": "luminance_jpeg_20"})
    config.evaluation = ({"images": "set5", "scale": 1, "protocol": "luminance_jpeg_20"},)
    if variant in ("cpu", "tiny"):
        config.task.loss = "mse"
        config.model.residual = True
        config.data.update({"images": "t91_train", "rescale": (0.5,), "batch_size": 8})
        common.train_on_cpu(config, steps=2000, peak=1e-3, ema_decay=0.999)
    if variant == "tiny":
        common.make_tiny(config)
        config.model.features = (8, 4, 4)
    return config
