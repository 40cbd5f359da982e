"""FSRCNN (Dong et al., ECCV 2016); variant "cpu": Adam, minutes on two cores.

Variants "small" and "small_cpu": FSRCNN-s. The paper goes on with General-100 after T91:
`--config.init_from=runs/fsrcnn --config.data.images=<folder>`, both rates halved.
"""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("cpu", "small", "small_cpu", "tiny"))
    config = common.luminance()
    config.paper = "fsrcnn"
    config.model = ConfigDict({"name": "fsrcnn", "upsampling": "transposed", "dtype": "float32"})
    config.task.loss = "sum_of_squares_half"
    config.data.update({"batch_size": 128, "patch_size": 21, "rescale": (1.0, 0.9, 0.8, 0.7, 0.6)})
    # The deconvolution learns ten times slower; the paper names no number of steps.
    config.optimizer = ConfigDict(
        {
            "name": "sgd",
            "momentum": 0.9,
            "clip_norm": 0.0,
            "multipliers": {"deconvolution": 0.1},
            "schedule": {"name": "constant", "peak": 1e-3, "warmup": 0},
        }
    )
    config.train.update({"steps": 1_000_000, "log_every": 1000})
    config.train.update({"validate_every": 50_000, "checkpoint_every": 50_000})
    if variant.startswith("small"):
        config.paper = "fsrcnn-s"
        config.model.update({"d": 32, "s": 5, "m": 1})
    if variant.endswith("cpu") or variant == "tiny":
        config.task.loss = "mse"
        config.data.update({"batch_size": 16, "patch_size": 48})
        common.train_on_cpu(config, steps=25_000, peak=2e-3, ema_decay=0.999)
    if variant == "tiny":
        common.make_tiny(config)
        config.model.update({"d": 8, "s": 4, "m": 1})
    return config
