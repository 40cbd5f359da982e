"""DDRN (Jiang et al., Remote Sensing 2018): x4, satellite images; see pecnn.py on these."""

from configs import common
from configs.super_resolution import pecnn


def get_config(variant=""):
    common.check_variant(variant, ("tiny",))
    config = pecnn.get_config()
    config.paper = "ddrn"
    config.model = {"name": "ddrn", "dtype": "float32"}
    config.task.update({"scales": (4,), "loss": "charbonnier"})
    config.data.patch_size = 128
    config.optimizer.schedule.update({"every": 10_000, "floor": 1e-5})
    config.validation.scale = 4
    config.evaluation = ({"images": "set5", "scale": 4, "protocol": "rgb_rounded_once"},)
    if variant == "tiny":
        common.make_tiny(config)
        config.model.update({"features": 4, "blocks": 1})
    return config
