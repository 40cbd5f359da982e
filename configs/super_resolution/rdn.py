"""RDN (Zhang et al., CVPR 2018) on DIV2K; variant "cpu": D2 C3 G16, T91, minutes on two cores."""

from ml_collections import ConfigDict

from configs import common
from configs.super_resolution import edsr


def get_config(variant=""):
    common.check_variant(variant, ("cpu", "tiny"))
    config = edsr.get_config("cpu" if variant else "")
    config.paper = "" if variant else "rdn"
    config.model = ConfigDict({"name": "rdn", "remat": not variant, "dtype": "float32"})
    if variant == "":
        config.train.steps = 1_000_000
    if variant == "cpu":
        config.model.update({"D": 2, "C": 3, "G": 16, "G0": 32})
        config.train.update({"steps": 2500, "validate_every": 500})
    if variant == "tiny":
        common.make_tiny(config)
        config.model.update({"D": 1, "C": 2, "G": 4, "G0": 4})
    return config
