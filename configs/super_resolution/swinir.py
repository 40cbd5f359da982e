"""SwinIR (Liang et al., ICCVW 2021), the lightweight network x2 on DIV2K; variant "classical".

The authors also halve the rate at 400, 450 and 475 thousand steps. The variant "generated" is the
lightweight network x3, trained as the quickstart is for so many steps as half an hour of a CPU's
core takes.
"""

from ml_collections import ConfigDict

from configs import common, quickstart
from configs.super_resolution import edsr


def get_config(variant=""):
    common.check_variant(variant, ("classical", "generated", "tiny"))
    config = edsr.get_config("tiny" if variant == "tiny" else "")
    config.paper = "swinir" if variant == "classical" else "swinir_light"
    config.model = ConfigDict(
        {
            "name": "swinir",
            "features": 60,
            "depths": (6, 6, 6, 6),
            "drop_path": 0.1,
            "upsampler": "direct",
            "dtype": "float32",
        }
    )
    if variant == "tiny":
        config.model.update({"features": 8, "depths": (2,), "heads": 2, "window": 4})
        return config
    if variant == "generated":
        return _as_the_quickstart(config.model)
    config.data.update({"batch_size": 64, "patch_size": 128})
    common.adam_with_steps(config, steps=500_000, peak=2e-4, every=250_000, factor=0.5)
    config.train.ema_decay = 0.999
    if variant == "classical":
        config.model.update({"features": 180, "depths": (6,) * 6, "upsampler": "staged"})
        config.model.remat = True
        config.data.update({"batch_size": 32, "patch_size": 96})
    return config


def _as_the_quickstart(model):
    config = quickstart.get_config()
    config.model = model
    common.train_on_cpu(config, 800, peak=1e-3, ema_decay=0.99)
    config.train.cpu_devices = 1
    return config
