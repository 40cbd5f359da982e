"""Generative adversarial networks on digits of 28x28: minutes on two cores.

Alone the small convolutional pair with Adam, on digits drawn on the device; the variants name
MNIST, the dense pair ("mlp", whose plain gradient descent collapses), plain gradient descent
("sgd", and "slow": at Adam's rate) and the saturating loss ("minimax").
"""

from configs import common

_MLP_EPOCH = 468
VARIANTS = (
    "mlp_sgd",
    "mnist",
    "mnist_sgd",
    "mnist_minimax",
    "mnist_mlp",
    "mnist_mlp_sgd",
    "mnist_mlp_sgd_slow",
    "mnist_mlp_minimax",
    "tiny",
)


def get_config(variant=""):
    common.check_variant(variant, VARIANTS)
    words = variant.split("_")
    config = common.adversarial(variant)
    common.for_steps(config, 4000, every=500)
    if "mlp" in words:
        config.model.generator = {"name": "mlp_generator"}
        config.model.discriminator = {"name": "mlp_discriminator"}
        config.data.batch_size = 128
        common.for_steps(config, 5 * _MLP_EPOCH, every=_MLP_EPOCH)
        config.train.log_every = _MLP_EPOCH // 4
    if "minimax" in words:
        config.task.loss = "minimax"
    if "sgd" in words:
        rates = {True: 2e-4, False: 0.01 if "mlp" in words else 0.02}
        common.both_networks(config, "sgd", rates["slow" in words], momentum=0.0)
        config.train.steps = config.train.steps if "mlp" in words else 2000
    if variant == "tiny":
        for name in config.model:
            config.model[name] = {"name": f"mlp_{name}", "features": 8}
        common.make_generation_tiny(config)
    return config
