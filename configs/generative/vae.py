"""Variational autoencoder of Kingma and Welling on digits, and beta-VAE ("beta")."""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("mnist", "mnist_beta", "tiny"))
    config = common.autoencoding(variant, components=20)
    config.task = ConfigDict({"name": "variational", "beta": 1.0})
    config.model = ConfigDict({"name": "vae"})
    if "beta" in variant.split("_"):
        config.task.beta = 4.0
    if variant == "tiny":
        config.model.update({"hidden": 16, "latent": 4})
        common.make_autoencoding_tiny(config, components=4)
    return config
