"""Classifiers of digits: a small CNN, or a multilayer perceptron ("mlp"); two minutes on two cores.

Alone on digits drawn on the device; the variants with "mnist" on MNIST.
"""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("mlp", "mnist", "mnist_mlp", "tiny"))
    words = variant.split("_")
    config = common.get_config()
    config.task = ConfigDict({"name": "classification"})
    config.model = ConfigDict({"name": "mlp" if "mlp" in words else "cnn"})
    config.optimizer = ConfigDict(
        {"name": "adamw", "schedule": {"name": "cosine", "peak": 1e-3, "warmup": 100}}
    )
    common.of_labelled_digits(config, "mnist" in words, batch_size=64)
    common.for_steps(config, 3000, every=500)
    if "mlp" in words:
        # Its steps take a fifth of the time, and without dropout it learns MNIST by heart.
        config.model.dropout = 0.2
        common.for_steps(config, 15_000, every=2500)
    if variant == "tiny":
        config.model = ConfigDict({"name": "cnn", "features": (4,), "hidden": 8})
        config.data.batch_size = 8
        common.for_steps(config, 4, every=2)
        config.train.log_every = 1
    return config
