"""SimpleCNN for noise of 15 (Ryu et al., ICML 2019); variant "realsn": spectrally normalised."""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("realsn", "tiny"))
    config = common.denoising(sigma=(15.0, 15.0))
    config.model = ConfigDict({"name": "simple_cnn", "dtype": "float32"})
    config.data.update({"batch_size": 128, "patch_size": 40})
    common.adam_with_steps(config, steps=80_000, peak=1e-3, every=40_000, factor=0.1)
    config.model.spectral_normalization = variant in ("realsn", "tiny")
    if variant == "tiny":
        common.make_tiny(config)
        config.model.update({"depth": 3, "features": 8})
    return config
