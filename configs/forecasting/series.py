"""A series of one's own, by one TCN for every pixel: a table (.csv) or images over time (.npz).

The variant says how many steps are seen, how many steps ahead is predicted, the pixels a side that
are cut of images (1 of a table) and channels, and the file: "12:3:1x2:levels.csv" or
"24:1:16x1:images.npz". The last quarter of the steps is for the test at the end; of those before,
the last fifth is held back to choose the checkpoint by. Without a variant, on a generated series.
"""

import re

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    own = variant not in ("", "tiny")
    history, horizon, side, channels, file = _parts(variant) if own else (12, 1, 8, 1, "")
    config = common.get_config()
    config.task = ConfigDict({"name": "forecasting", "history": history, "horizon": horizon})
    config.model = ConfigDict(
        {"name": "pixel_tcn", "channels": channels, "widths": (16, 16, 16), "dropout": 0.1}
    )
    config.data = ConfigDict({"name": "series_windows", "history": history, "horizon": horizon})
    config.data.update({"batch_size": 64 if side == 1 else 16, "patch_size": side})
    config.optimizer = ConfigDict(
        {"name": "adamw", "schedule": {"name": "cosine", "peak": 1e-3, "warmup": 20}}
    )
    common.for_steps(config, 600, every=30)
    config.train.cpu_devices = 1
    name = (lambda split: f"series:{split}:{file}") if own else (lambda split: f"ecv:{split}:8")
    config.data.series = name("fit")
    scoring = {"protocol": "forecasting", "horizon": horizon}
    config.validation = ConfigDict({"images": name("held_back"), **scoring})
    baseline = {"baseline": f"climatology_ar:harmonic:{name('train')}"}
    config.evaluation = ({"images": name("test"), **scoring, **baseline},)
    if variant == "tiny":
        config.model.widths = (4,)
        config.data.update({"batch_size": 2, "patch_size": 4})
        common.for_steps(config, 4, every=2)
        config.train.log_every = 1
    return config


def _parts(variant):
    found = re.fullmatch(r"([1-9]\d*):([1-9]\d*):([1-9]\d*)x([1-9]\d*):(.+)", variant)
    if not found:
        raise ValueError(
            f"variant {variant!r} is unknown, wanted <history>:<horizon>:<side>x<channels>:<file> "
            "such as 12:3:1x2:levels.csv; known: tiny"
        )
    *numbers, file = found.groups()
    return (*map(int, numbers), file)
