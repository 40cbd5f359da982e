"""Autoencoders of digits: one layer, three, Hinton's deep one, sparse, denoising, stacked."""

from ml_collections import ConfigDict

from configs import common

MODELS = {
    "": {"widths": (32,)},
    "three": {"widths": (128, 64, 32)},
    "deep": {"widths": (1000, 500, 250, 30)},
    "sparse": {"widths": (196,), "code_activation": "sigmoid"},
    "denoising": {"widths": (500,), "code_activation": "relu"},
    "stacked": {"widths": (256, 64)},
    "whole": {"widths": (256, 64)},
}
TASKS = {
    "sparse": {"sparsity": 1.0},
    "denoising": {"noise": 0.5},
    "stacked": {"layer_steps": 3 * 469},
}
EPOCHS = {"deep": 5, "stacked": 9, "whole": 9}
KINDS = (*MODELS, "convolutional")


def get_config(variant=""):
    known = [f"mnist_{kind}".rstrip("_") for kind in KINDS]
    common.check_variant(variant, (*known, "tiny"))
    kind = variant.removeprefix("mnist").removeprefix("_")
    kind = "stacked" if kind == "tiny" else kind
    config = common.autoencoding(variant, components=_code_size(kind))
    config.task = ConfigDict(
        {
            "name": "autoencoding",
            "loss": "squared_error",
            "sparsity": 0.0,
            "rho": 0.05,
            "noise": 0.0,
            "masked": 0.0,
            "layer_steps": 0,
        }
    )
    config.task.update(TASKS.get(kind, {}))
    config.model = ConfigDict({"name": "convolutional_autoencoder"})
    if kind in MODELS:
        config.model = ConfigDict({"name": "dense_autoencoder", **MODELS[kind]})
    common.for_epochs(config, EPOCHS.get(kind, 10))
    if kind == "denoising":
        noisy = {"protocol": "reconstruction_judge_noise_50"}
        config.validation.update(noisy)
        config.evaluation = ({"images": "mnist:test", **noisy},)
    if variant == "tiny":
        config.task.layer_steps = 1
        config.model.widths = (16, 8)
        common.make_autoencoding_tiny(config, components=8)
    return config


def _code_size(kind):
    return MODELS[kind]["widths"][-1] if kind in MODELS else 128
