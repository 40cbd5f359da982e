"""The denoiser of IRCNN for noise of 25 (Zhang et al., CVPR 2017)."""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("tiny",))
    config = common.denoising(sigma=(25.0, 25.0))
    config.paper = "ircnn"
    config.model = ConfigDict({"name": "ircnn", "dtype": "float32"})
    config.data.update({"batch_size": 256, "patch_size": 35})
    common.adam_with_steps(config, steps=160_000, peak=1e-3, every=80_000, factor=0.1)
    if variant == "tiny":
        common.make_tiny(config)
        config.model.features = 8
    return config
