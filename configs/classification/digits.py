"""Classifiers of digits: a small CNN, or a multilayer perceptron ("mlp"); two minutes on two cores.

Alone on digits drawn on the device; the variants with "mnist" on MNIST, of whose training images
the last 5,000 are held back, to choose the checkpoint by.
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
    config.data = ConfigDict({"name": "digits", "batch_size": 64, "size": 28})
    names = ("digits", "digits_test")
    if "mnist" in words:
        names = ("mnist:held_back", "mnist:test")
        config.data = ConfigDict({"name": "labelled", "images": "mnist:fit", "batch_size": 64})
    config.validation = ConfigDict({"images": names[0], "protocol": "classification"})
    config.evaluation = ({"images": names[1], "protocol": "classification"},)
    common.for_steps(config, 3000, every=500)
    config.train.cpu_devices = 1
    if variant == "tiny":
        config.model = ConfigDict({"name": "cnn", "features": (4,), "hidden": 8})
        config.data.batch_size = 8
        common.for_steps(config, 4, every=2)
        config.train.log_every = 1
    return config
