"""HighRes-net with ShiftNet: the paper's on Proba-V, and "generated", small, on drawn scenes."""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("generated", "tiny"))
    config = common.get_config()
    config.task = ConfigDict({"name": "registered_super_resolution", "penalty": 1e-6})
    config.model = ConfigDict(
        {"network": {"name": "highres_net"}, "shift_net": {"name": "shift_net"}}
    )
    if not variant:
        common.proba_v(config, batch_size=32, patch_size=64, frames=32)
        # 400 epochs of some 510 scenes.
        common.registered_for_steps(config, 6400, 7e-4)
        return config
    config.model.network.update({"features": 32, "blocks": 1})
    config.model.shift_net.update({"side": 40, "widths": (8, 8, 16, 16), "hidden": 32})
    common.frame_scenes(config, batch_size=4, patch_size=16)
    # Drawn images lie upon the first frame: without a price, both networks drift away from it.
    config.task.penalty = 1.0
    common.registered_for_steps(config, 4000, 5e-4)
    if variant == "tiny":
        config.model.network.features = 4
        config.model.shift_net.side = 24
        common.make_frame_scenes_tiny(config)
    return config
