"""The adding problem by a TCN: 100 steps without a variant, "400" as its authors train."""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("400", "tiny"))
    length = {"400": 400, "tiny": 8}.get(variant, 100)
    config = common.get_config()
    config.task = ConfigDict({"name": "regression"})
    # Receptive fields of 181 and, as published, 3,061 steps.
    config.model = ConfigDict({"name": "tcn", "widths": (30,) * (8 if variant == "400" else 4)})
    config.data = ConfigDict({"name": "adding", "batch_size": 32, "length": length})
    config.optimizer = ConfigDict({"name": "adam", "schedule": {"name": "constant", "peak": 4e-3}})
    common.for_steps(config, 2_000, every=250)
    config.train.cpu_devices = 1
    if variant == "400":
        # Ten times through 50,000 series.
        common.for_steps(config, 15_620, every=1_562)
    if variant == "tiny":
        config.model.update({"widths": (4,), "kernel_size": 3})
        config.data.batch_size = 4
        common.for_steps(config, 4, every=2)
        config.train.log_every = 1
    scoring = {"protocol": "regression"}
    config.validation = ConfigDict({"images": f"adding:{length}", **scoring})
    config.evaluation = ({"images": f"adding_test:{length}", **scoring},)
    return config
