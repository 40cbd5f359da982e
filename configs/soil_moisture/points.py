"""Soil moisture of generated places by a perceptron, 60 times through 8,000 of them."""

from ml_collections import ConfigDict

from configs import common

# Brightness temperatures V and H, both over the soil's temperature, polarisation index, the
# soil's temperature, water in plants, clay; then the moisture: of the places that are learnt from.
MEANS = (255.8, 230.4, 0.876, 0.789, 0.0552, 292.0, 2.49, 0.276)
DEVIATIONS = (22.9, 31.8, 0.0746, 0.1065, 0.0312, 8.3, 1.49, 0.139)


def get_config(variant=""):
    common.check_variant(variant, ("tiny",))
    config = common.get_config()
    config.task = ConfigDict({"name": "regression"})
    config.model = ConfigDict({"name": "mlp_regressor", "means": MEANS, "deviations": DEVIATIONS})
    config.model.update({"target_mean": 0.26, "target_deviation": 0.139})
    config.data = ConfigDict({"name": "items", "images": "soil_moisture:fit", "batch_size": 256})
    config.optimizer = ConfigDict(
        {"name": "adam", "schedule": {"name": "cosine", "peak": 3e-3, "warmup": 20}}
    )
    # 31 steps see as many places as there are.
    common.for_steps(config, 60 * 31, every=93)
    config.train.cpu_devices = 1
    scoring = {"protocol": "soil_moisture"}
    config.validation = ConfigDict({"images": "soil_moisture:held_back", **scoring})
    baseline = {"baseline": "polynomial:3:all:soil_moisture:fit"}
    config.evaluation = ({"images": "soil_moisture:test", **scoring, **baseline},)
    if variant == "tiny":
        config.model.widths = (8,)
        config.data.batch_size = 8
        config.evaluation[0]["baseline"] = "polynomial:1:all:soil_moisture:fit"
        common.for_steps(config, 4, every=2)
        config.train.log_every = 1
    return config
