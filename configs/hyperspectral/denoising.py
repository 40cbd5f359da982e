"""Denoisers of cubes on generated ones, minutes on two cores: QRNN3D and SSCANet.

The variants: "qrnn3d_8", eight features wide at white noise of 50; "sscanet" and
"sscanet_without_gates" at the cases of complex noise.
"""

from ml_collections import ConfigDict

from configs import common

_SSCANET = {"name": "sscanet", "features": (8, 16, 32), "dtype": "float32"}
MODELS = {
    "qrnn3d_8": {"name": "qrnn3d", "features": 8, "dtype": "float32"},
    "sscanet": {**_SSCANET, "attention": True},
    "sscanet_without_gates": {**_SSCANET, "attention": False},
}
BANDS = 31


def get_config(variant=""):
    common.check_variant(variant, (*MODELS, "tiny"))
    name = variant if variant in MODELS else "qrnn3d_8"
    config = common.get_config()
    config.task = ConfigDict({"name": "cube_denoising", "bands": BANDS, "loss": "mse"})
    white = name == "qrnn3d_8"
    config.task.update({"sigma": (50.0, 50.0)} if white else {"cases": (1, 2, 3, 4, 5)})
    config.model = ConfigDict(MODELS[name])
    config.data = ConfigDict(
        {"name": "made_cubes", "batch_size": 8, "patch_size": 32, "bands": BANDS}
    )
    common.train_on_cpu(config, 400, peak=3e-3, ema_decay=0.98)
    cases = {"case": 5, "protocol": "cube_cases"}
    noise = {"sigma": 50, "protocol": "cube_noise"} if white else cases
    config.validation = ConfigDict({"images": f"made_cubes:32:{BANDS}", **noise})
    config.evaluation = ({"images": f"made_cubes_test:64:{BANDS}", **noise},)
    if variant == "tiny":
        config.model = ConfigDict({"name": "hsid_cnn", "features": 2, "dtype": "float32"})
        config.task.bands = 24
        config.data.update({"batch_size": 8, "patch_size": 8, "bands": 24})
        config.train.update(
            {"steps": 4, "log_every": 1, "validate_every": 2, "checkpoint_every": 2}
        )
        config.validation.images = "made_cubes:8:24"
        config.evaluation = ({"images": "made_cubes_test:8:24", **noise},)
    return config
