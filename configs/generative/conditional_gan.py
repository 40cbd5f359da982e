"""Digits on demand: a conditional GAN by projection, or by a plane of the class ("plane")."""

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("mnist", "mnist_plane", "tiny"))
    config = common.adversarial(variant)
    config.model.generator.update({"upsampling": "resize", "classes": 10})
    config.model.discriminator.update({"features": 16, "classes": 10})
    if "plane" in variant.split("_"):
        config.model.discriminator.conditioning = "plane"
    common.for_steps(config, 3000, every=1000)
    if variant == "tiny":
        config.model.generator.features = 2
        config.model.discriminator.features = 2
        common.make_generation_tiny(config)
    return config
