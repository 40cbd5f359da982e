"""FBPConvNet: streaks of back-projections from few views removed, on drawn ellipses.

The variant says how many of 180 views there are: "26" is a seventh, "9" a twentieth, both on a
network of 0.5 million parameters and 128 pixels, for minutes of a CPU. Without one, the paper's
network on 256 pixels and a twentieth, for a GPU.
"""

from ml_collections import ConfigDict

from configs import common

VIEWS = ("26", "9")


def get_config(variant=""):
    common.check_variant(variant, (*VIEWS, "tiny"))
    config = common.get_config()
    views = variant if variant in VIEWS else "9"
    degradation, side = f"ct_{views}_of_180", 128 if variant else 256
    config.task = ConfigDict(
        {
            "name": "super_resolution",
            "scales": (1,),
            "colour": "grey",
            "degradation": degradation,
            "loss": "mse",
        }
    )
    config.model = ConfigDict({"name": "fbp_conv_net"})
    if variant:
        config.model.update({"features": 16, "depth": 3})
    config.data = ConfigDict({"name": "ellipses", "batch_size": 2, "patch_size": side})
    config.optimizer = common.adam_with_cosine(1e-3)
    common.for_steps(config, 1_400 if variant else 20_000, every=200 if variant else 2_000)
    scoring = {"scale": 1, "protocol": degradation}
    config.validation = ConfigDict({"images": f"ellipses:{side}", **scoring})
    config.evaluation = ({"images": f"ellipses_test:{side}", **scoring},)
    if variant == "tiny":
        config.model.update({"features": 4, "depth": 1})
        config.data.patch_size = 32
        common.for_steps(config, 4, every=2)
        config.train.log_every = 1
        config.validation.images = "ellipses:32"
        config.evaluation = ({"images": "ellipses_test:32", **scoring},)
    return config
