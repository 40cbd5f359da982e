"""Next month's image of a generated climate variable, by an embedded TCN or a ConvLSTM.

Without a variant, or with "conv_lstm". The next month of 168, from the 12 before.
"""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("conv_lstm", "tiny"))
    config = common.get_config()
    config.task = ConfigDict({"name": "forecasting", "history": 12, "horizon": 1})
    config.data = ConfigDict(
        {
            "name": "series_windows",
            "series": "ecv:fit",
            "batch_size": 16,
            "patch_size": 28,
            "history": 12,
            "horizon": 1,
        }
    )
    # 144 months are soon learnt by heart: the best checkpoint comes early.
    config.model = ConfigDict({"name": "embedded_tcn", "skip": True, "dropout": 0.3})
    config.optimizer = ConfigDict(
        {"name": "adamw", "schedule": {"name": "cosine", "peak": 1e-3, "warmup": 20}}
    )
    common.for_steps(config, 300, every=30)
    config.train.cpu_devices = 1
    if variant == "conv_lstm":
        config.model = ConfigDict({"name": "conv_lstm", "skip": True})
    scoring = {"protocol": "forecasting", "horizon": 1}
    config.validation = ConfigDict({"images": "ecv:held_back", **scoring})
    baseline = {"baseline": "climatology_ar:harmonic_trend:ecv:train"}
    config.evaluation = ({"images": "ecv:test", **scoring, **baseline},)
    if variant == "tiny":
        config.data.update({"series": "ecv:fit:8", "batch_size": 2, "patch_size": 8, "history": 3})
        config.task.history = 3
        config.model.update({"image_shape": (8, 8, 1), "features": (2, 3), "embedding": 4})
        common.for_steps(config, 4, every=2)
        config.train.log_every = 1
        config.validation.images = "ecv:held_back:8"
        baseline = {"baseline": "climatology_ar:harmonic_trend:ecv:train:8"}
        config.evaluation = ({"images": "ecv:test:8", **scoring, **baseline},)
    return config
