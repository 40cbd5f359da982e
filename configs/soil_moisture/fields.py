"""Maps of soil moisture from a few stations and coarse estimates, on generated areas."""

from ml_collections import ConfigDict

from configs import common

# As of `configs.soil_moisture.points`, of areas; the last is the coarse estimate.
MEANS = (257.0, 231.0, 0.880, 0.792, 0.0537, 292.0, 2.47, 0.275, 0.26)
DEVIATIONS = (14.9, 20.3, 0.046, 0.0666, 0.0195, 8.0, 1.01, 0.102, 0.089)


def get_config(variant=""):
    common.check_variant(variant, ("tiny",))
    side = 8 if variant == "tiny" else 32
    config = common.get_config()
    config.task = ConfigDict({"name": "soil_moisture_fields", "coarse_weight": 1.0})
    config.model = ConfigDict({"name": "field_cnn", "means": MEANS, "deviations": DEVIATIONS})
    config.model.update({"target_mean": 0.26, "target_deviation": 0.095})
    config.data = ConfigDict({"name": "soil_moisture_fields", "batch_size": 8, "patch_size": side})
    config.optimizer = common.adam_with_cosine(2e-3)
    common.for_steps(config, 2_000, every=250)
    config.train.cpu_devices = 1
    if variant == "tiny":
        config.model.widths = (4,)
        config.data.batch_size = 2
        common.for_steps(config, 4, every=2)
        config.train.log_every = 1
    scoring = {"protocol": "soil_moisture_fields"}
    config.validation = ConfigDict({"images": f"soil_moisture_fields:{side}", **scoring})
    config.evaluation = ({"images": f"soil_moisture_fields_test:{side}", **scoring},)
    return config
