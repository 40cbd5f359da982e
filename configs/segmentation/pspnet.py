"""PSPNet on portraits that are drawn on the device, where no designer need cut anybody out.

"large" persons at 64 pixels by likelihood and Jaccard index, on a narrow network of 0.8 million
parameters for minutes of a CPU; "small" ones, who cover less than a twentieth, likewise, and
"small_nll" by likelihood alone. Without a variant at 256 pixels, the ResNet-18 of 12.6 million
parameters, for a GPU.
"""

from ml_collections import ConfigDict

from configs import common

VARIANTS = ("large", "small", "small_nll")


def get_config(variant=""):
    common.check_variant(variant, (*VARIANTS, "tiny"))
    config = common.get_config()
    person = "small" if variant.startswith("small") else "large"
    side = 64 if variant else 256
    loss = {"nll": 1.0} if variant.endswith("nll") else {"nll": 1.0, "jaccard": 1.0}
    config.task = ConfigDict({"name": "segmentation", "loss": loss})
    config.model = ConfigDict(
        {
            "name": "pspnet",
            "classes": 1,
            "depth": 18,
            "features": 16 if variant else 64,
            "deep_stem": False,
            "auxiliary": False,
            "dropout": 0.1,
        }
    )
    config.data = ConfigDict(
        {"name": "portraits", "batch_size": 16, "patch_size": side, "person": person}
    )
    config.optimizer = common.adam_with_cosine(2e-3)
    common.for_steps(config, 2_000 if variant else 20_000, every=500 if variant else 1_000)
    scoring = {"protocol": "masks"}
    config.validation = ConfigDict({"images": f"portraits:{person}:{side}", **scoring})
    config.evaluation = ({"images": f"portraits_test:{person}:{side}", **scoring},)
    if variant == "tiny":
        config.model.update({"features": 4, "auxiliary": True})
        config.data.update({"batch_size": 2, "patch_size": 32})
        common.for_steps(config, 4, every=2)
        config.train.log_every = 1
        config.validation.images = "portraits:large:32:20"
        config.evaluation = ({"images": "portraits_test:large:32:20", **scoring},)
    return config
