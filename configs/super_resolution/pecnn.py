"""PECNN (Jiang et al., IEEE SPL 2018): x3, satellite images.

The paper's crops come from satellite videos that aren't public:
`--config.data.images=<folder or tfds>`; UC Merced stands in for them.
"""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("tiny",))
    config = common.luminance()
    config.paper = "pecnn"
    common.colour(config)
    config.model = ConfigDict({"name": "pecnn", "shifts": "published", "dtype": "float32"})
    config.task.loss = "mse"
    config.data.update({"images": "tfds:uc_merced:train", "patch_size": 96})
    config.optimizer = ConfigDict(
        {
            "name": "adam",
            "clip_norm": 0.0,
            "schedule": {
                "name": "exponential",
                "peak": 1e-3,
                "every": 5000,
                "factor": 0.5,
                "floor": 1e-4,
                "warmup": 0,
            },
        }
    )
    config.train.update({"steps": 1_000_000, "log_every": 100})
    config.train.update({"validate_every": 10_000, "checkpoint_every": 10_000})
    config.validation.images = "scikit_image"
    if variant == "tiny":
        common.make_tiny(config)
    return config
