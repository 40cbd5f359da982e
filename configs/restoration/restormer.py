"""Restormer (Zamir et al., CVPR 2022) for noise up to 50 on luminance.

The first 92,000 of the authors' 300,000 steps are on such patches, at a constant rate; then patches
grow to 384 pixels and batches shrink to 8, along a cosine, and pairs of images are mixed.

The variant "small", for noise of 25, has 1,004,819 parameters and takes twenty minutes of a CPU's
core.
"""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("small", "tiny"))
    config = common.denoising(sigma=(0.0, 50.0))
    config.paper = "restormer"
    config.task.loss = "l1"
    config.model = ConfigDict(
        {
            "name": "restormer",
            "features": 48,
            "blocks": (4, 6, 6, 8),
            "refinement": 4,
            "mean_free_norm": False,
            "remat": True,
            "dtype": "float32",
        }
    )
    config.data.update({"batch_size": 64, "patch_size": 128})
    schedule = {"name": "cosine", "peak": 3e-4, "final": 1e-6}
    config.optimizer = ConfigDict({"name": "adamw", "clip_norm": 0.01, "schedule": schedule})
    common.for_steps(config, 300_000, every=4_000)
    if variant == "small":
        config.paper = ""
        config.task.sigma = (25.0, 25.0)
        small = {"features": 16, "blocks": (1, 1, 1, 2), "refinement": 1, "remat": False}
        config.model.update(small)
        config.data.update({"batch_size": 4, "patch_size": 64})
        common.train_on_cpu(config, 700, peak=1e-3, ema_decay=0.99)
        config.optimizer.name = "adamw"
    if variant == "tiny":
        common.make_tiny(config)
        tiny = {"features": 4, "blocks": (1, 1), "heads": (1, 2), "refinement": 1}
        config.model.update(tiny)
    return config
