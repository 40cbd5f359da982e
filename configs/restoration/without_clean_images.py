"""Denoisers learnt with and without clean images, by as many steps of one network.

The variants "noise2clean", "noise2noise" (the default), "noise2void", "noise2void_median",
"noisier2noise" and "noisier2noise_1" have white noise of 25; "noise2void_correlated" and
"noisier2noise_correlated" noise that went through a filter of one pixel. The network of
"noise2void_median" is another, that doesn't add to its image.
"""

from ml_collections import ConfigDict

from configs import common

NOISE = {"sigma": 25.0, "clean_images": True}
TASKS = {
    "noise2clean": {"name": "denoising", "sigma": (25.0, 25.0), "loss": "mse"},
    "noise2noise": {"name": "noise2noise", **NOISE},
    "noise2void": {"name": "noise2void", "replacement": "uniform", **NOISE},
    "noise2void_median": {"name": "noise2void", "replacement": "median", **NOISE},
    "noisier2noise": {"name": "noisier2noise", "alpha": 0.5, **NOISE},
    "noisier2noise_1": {"name": "noisier2noise", "alpha": 1.0, **NOISE},
    "noise2void_correlated": {
        "name": "noise2void",
        "replacement": "uniform",
        "correlation": 1.0,
        **NOISE,
    },
    "noisier2noise_correlated": {
        "name": "noisier2noise",
        "alpha": 0.5,
        "correlation": 1.0,
        **NOISE,
    },
}


def get_config(variant=""):
    common.check_variant(variant, (*TASKS, "tiny"))
    config = common.luminance()
    name = {"": "noise2noise", "tiny": "noisier2noise"}.get(variant, variant)
    config.task = ConfigDict({**TASKS[name]})
    config.task.colour = "y"
    config.model = common.small_dncnn()
    if variant == "noise2void_median":
        # A network that adds to its image would pass the median on, which is hard to beat.
        config.model = ConfigDict(
            {
                "name": "drunet",
                "features": (16, 32),
                "blocks": 1,
                "noise_map": False,
                "dtype": "float32",
            }
        )
    config.data.update({"images": "$IMAGING_DATA/sr/BSDS500_train", "batch_size": 16})
    config.optimizer = common.adam_with_cosine(1e-3)
    config.optimizer.schedule.warmup = 0
    common.for_steps(config, 640, every=320)
    protocol = "correlated_noise" if variant.endswith("_correlated") else "awgn"
    scoring = {"sigma": 25, "protocol": protocol}
    config.validation = ConfigDict({"images": "t91_held_back", **scoring})
    config.evaluation = ({"images": "set12_small", **scoring},)
    if variant == "tiny":
        common.make_tiny(config)
        config.model.update({"depth": 3, "features": 8})
    return config
