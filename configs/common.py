from ml_collections import ConfigDict


def get_config(variant=""):
    """What every run can be told on the command line."""
    del variant
    config = ConfigDict()
    config.seed = 0
    config.init_from = ""
    config.profile = False
    config.train = ConfigDict(
        {
            "steps": 1000,
            "steps_per_call": 1,
            "accumulate": 1,
            "ema_decay": 0.0,
            "log_every": 50,
            "validate_every": 500,
            "checkpoint_every": 500,
            "keep": 2,
        }
    )
    return config


def make_tiny(config):
    """Shrinks a config for tests: four steps on photographs that need no download."""
    config.data.update({"images": "scikit_image", "batch_size": 8, "patch_size": 24})
    config.train.update({"steps": 4, "log_every": 1, "validate_every": 2, "checkpoint_every": 2})
    config.validation.images = "dead_leaves"
    config.evaluation = (
        {"images": "dead_leaves", **{k: config.validation[k] for k in ("scale", "protocol")}},
    )
