"""StyleGAN2 at 32 pixels on digits, in the small configuration of 749,427 parameters.

Optimizers are those of lazy regularisation: rate and moments to the power of c = k / (k + 1), with
R1 every 16 and path length every 4 steps.
"""

from ml_collections import ConfigDict

from configs import common

_RATE, _BETA2 = 2.5e-3, 0.99
_EVERY = {"generator": 4, "discriminator": 16}


def get_config(variant=""):
    common.check_variant(variant, ("mnist", "mnist_adain", "tiny"))
    config = common.adversarial(variant)
    size = {"resolution": 32, "channels": 1, "channel_base": 1024, "channel_max": 128}
    config.model = ConfigDict(
        {
            "generator": {"name": "stylegan2_generator", "latent": 128, **size},
            "discriminator": {"name": "stylegan2_discriminator", **size},
        }
    )
    if "adain" in variant.split("_"):
        config.model.generator.block = "adain"
    config.task = ConfigDict(
        {
            "name": "style_adversarial",
            "r1": 0.0064,
            "r1_every": _EVERY["discriminator"],
            "path_length": 2.0,
            "path_length_every": _EVERY["generator"],
            "style_mixing": 0.9,
        }
    )
    config.optimizer = ConfigDict({name: _lazy_adam(every) for name, every in _EVERY.items()})
    config.data.update({"batch_size": 32, "size": 32})
    config.train.ema_decay = 0.997784
    # Logged where both penalties are taken.
    common.for_steps(config, 15_360, every=1536)
    config.train.log_every = 96
    if "mnist" not in variant.split("_"):
        common.score_on(config, "digits:32")
    if variant == "tiny":
        tiny = {"resolution": 8, "channel_base": 32, "channel_max": 4}
        config.model.generator.update({**tiny, "latent": 4})
        config.model.discriminator.update(tiny)
        common.make_generation_tiny(config)
        config.data.size = 8
        common.score_on(config, "digits:8")
    return config


def _lazy_adam(every):
    c = every / (every + 1)
    schedule = {"name": "constant", "peak": c * _RATE}
    return {"name": "adam", "b1": 0.0, "b2": _BETA2**c, "schedule": schedule}
