"""Wasserstein GANs on digits: gradient penalty, weight clipping, spectral normalisation.

Alone with the gradient penalty of Gulrajani et al., 2017; "clipping" after Arjovsky et al., 2017;
"spectral" with the hinge loss of Miyato et al., 2018, or with the Wasserstein loss itself
("spectral_wasserstein").
"""

from configs import common

VARIANTS = ("mnist", "mnist_clipping", "mnist_spectral", "mnist_spectral_wasserstein", "tiny")
_CRITIC_STEPS = 5


def get_config(variant=""):
    common.check_variant(variant, VARIANTS)
    words = variant.split("_")
    config = common.adversarial(variant)
    config.task.loss = "wasserstein"
    if "spectral" in words:
        config.task.loss = "wasserstein" if "wasserstein" in words else "hinge"
        config.model.discriminator.normalization = "spectral"
        common.both_networks(config, "adam", 2e-4, b1=0.0, b2=0.9)
        common.for_steps(config, 3000, every=500)
        return config
    config.task.critic_steps = _CRITIC_STEPS
    common.for_steps(config, 1000 * _CRITIC_STEPS, every=250 * _CRITIC_STEPS)
    if "clipping" in words:
        config.task.weight_bound = 0.01
        common.both_networks(config, "rmsprop", 5e-5)
        return config
    config.task.gradient_penalty = 10.0
    config.model.discriminator.normalization = "none"
    common.both_networks(config, "adam", 1e-4, b1=0.5, b2=0.9)
    if variant == "tiny":
        config.task.critic_steps = 2
        config.model.generator.features = 2
        config.model.discriminator.features = 2
        common.make_generation_tiny(config)
    return config
