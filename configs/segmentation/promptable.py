"""A small SAM learns what a click or a box means; eight minutes of a CPU's core.

It sees shapes that are drawn on the device.
"""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("tiny",))
    config = common.get_config()
    config.task = ConfigDict({"name": "promptable_segmentation", "prompts": 4, "least_area": 20})
    config.model = ConfigDict(
        {
            "name": "sam",
            "image_shape": (64, 64, 3),
            "patch_size": 8,
            "width": 128,
            "depth": 4,
            "heads": 4,
            "mlp_ratio": 4,
            "window": 4,
            "global_layers": (1, 3),
            "features": 64,
            "decoder_depth": 2,
            "decoder_heads": 4,
            "decoder_hidden": 128,
            "dtype": "float32",
        }
    )
    config.data = ConfigDict({"name": "shapes", "batch_size": 16, "patch_size": 64, "channels": 3})
    common.muon_on_cpu(config, 2200, ema_decay=0.99)
    config.train.cpu_devices = 1
    scoring = {"images": "shapes:64:3", "protocol": "prompts_points"}
    config.validation = ConfigDict(scoring)
    config.evaluation = tuple(
        {"images": "shapes_test:64:3", "protocol": f"prompts_{kind}"}
        for kind in ("points", "boxes")
    )
    if variant == "tiny":
        config.model.update(
            {"image_shape": (16, 16, 3), "patch_size": 4, "width": 8, "depth": 1, "heads": 2}
        )
        config.model.update({"window": 3, "global_layers": (), "features": 8})
        config.model.update({"decoder_depth": 1, "decoder_heads": 2, "decoder_hidden": 8})
        config.data.update({"batch_size": 4, "patch_size": 16})
        # Muon takes long to compile.
        config.optimizer.name = "adam"
        config.train.update(
            {"steps": 4, "log_every": 1, "validate_every": 2, "checkpoint_every": 2}
        )
        config.validation.images = "shapes:16:3:4"
        config.evaluation = ({"images": "shapes_test:16:3:4", "protocol": "prompts_points"},)
    return config
