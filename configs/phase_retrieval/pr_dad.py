"""PR-DAD: digits of 32x32 from the magnitudes of their Fourier transform.

The variant names the digits, the features (I: the Haar packet, II: learnt) and how much wider the
frame is than the image, in percent: "mnist_i_50". Without MNIST the digits are generated. "_cpu"
is a recipe of minutes on two cores.
"""

from ml_collections import ConfigDict

from configs import common

PADDINGS = {"0": 1.0, "25": 1.25, "50": 1.5}
NAMES = (
    "i_50",
    "ii_50",
    *(
        f"mnist_{kind}_{padding}{cpu}"
        for kind in ("i", "ii")
        for padding in PADDINGS
        for cpu in ("", "_cpu")
    ),
)
IMAGES, BATCH, CPU_BATCH = 55_000, 64, 256


def get_config(variant="i_50"):
    common.check_variant(variant, (*NAMES, "tiny"))
    words = ("ii_50" if variant == "tiny" else variant or "i_50").split("_")
    learnt, cpu = "ii" in words, "cpu" in words
    oversampling = PADDINGS[next(word for word in words if word in PADDINGS)]
    config = common.get_config()
    config.task = ConfigDict(
        {
            "name": "phase_retrieval",
            "oversampling": oversampling,
            "image": 1.0,
            "feature": 1.0,
            "magnitude": 1.0,
            "sparsity": 1.0,
            "rotation_invariant": True,
            "encoder_steps": 0,
            "fine_tuning_steps": 0,
        }
    )
    side = round(32 * oversampling)
    predictor = {"name": "pr_dad_predictor", "grid": (side, side)}
    config.model = ConfigDict({"predictor": {**predictor, "feature_shape": (8, 8, 16)}})
    epoch = IMAGES // (CPU_BATCH if cpu else BATCH)
    steps = {"name": "step", "peak": 1e-4, "every": 10 * epoch, "factor": 0.5}
    adam = {"name": "adam", "schedule": steps}
    config.optimizer = ConfigDict({"predictor": {**adam, "clip_norm": 0.5}})
    common.for_steps(config, 50 * epoch, every=epoch)
    # Every device would update all of the dense layers.
    config.train.cpu_devices = 1
    if learnt:
        _learn_features(config, epoch)
    if cpu:
        _shorten(config, epoch)
    _of_digits(config, CPU_BATCH if cpu else BATCH, mnist="mnist" in words)
    if variant == "tiny":
        _make_tiny(config)
    return config


def _learn_features(config, epoch):
    """Variant II: ten epochs for encoder and decoder, and the decoder again in the last ten."""
    config.model.predictor.feature_shape = (8, 8, 64)
    config.model.encoder = ConfigDict({"name": "pr_dad_encoder", "features": 64})
    config.model.decoder = ConfigDict({"name": "pr_dad_decoder", "features": 64})
    for name, rate in (("autoencoder", 1e-4), ("decoder", 5e-6)):
        schedule = {"name": "constant", "peak": rate}
        config.optimizer[name] = ConfigDict({"name": "adam", "schedule": schedule})
    config.task.update({"encoder_steps": 10 * epoch, "fine_tuning_steps": 10 * epoch})
    config.train.steps = 60 * epoch


def _shorten(config, epoch):
    """Some epochs at a higher rate that falls along a cosine; errors count, sparsity little."""
    config.task.update({"sparsity": 0.05})
    schedule = {"name": "cosine", "peak": 1e-3, "warmup": 200}
    config.optimizer.predictor.schedule = ConfigDict(schedule)
    config.train.update({"steps": 20 * epoch, "ema_decay": 0.995})
    config.train.update({"validate_every": 5 * epoch, "checkpoint_every": 5 * epoch})
    if config.task.encoder_steps:
        config.optimizer.autoencoder.schedule.peak = 1e-3
        config.task.update({"encoder_steps": 2 * epoch, "fine_tuning_steps": 2 * epoch})


def _of_digits(config, batch_size, mnist):
    protocol = f"phase_{config.task.oversampling:g}_digits"
    config.data = ConfigDict({"name": "digits", "batch_size": batch_size, "size": 32})
    names = ("digits:32", "digits_test:32")
    if mnist:
        images = {"name": "labelled", "images": "mnist_32:fit", "batch_size": batch_size}
        config.data = ConfigDict(images)
        names = ("mnist_32:held_back", "mnist_32:test")
    config.validation = ConfigDict({"images": names[0], "protocol": protocol})
    config.evaluation = ({"images": names[1], "protocol": protocol},)


def _make_tiny(config):
    config.model.predictor.update({"grid": (24, 24), "feature_shape": (4, 4, 8)})
    for name in ("encoder", "decoder"):
        config.model[name].features = 8
    config.data = ConfigDict({"name": "digits", "batch_size": 8, "size": 16})
    config.task.update({"encoder_steps": 1, "fine_tuning_steps": 2})
    config.train.update({"steps": 4, "log_every": 1, "validate_every": 2, "checkpoint_every": 2})
    scoring = {"protocol": "phase_1.5_digits"}
    config.validation = ConfigDict({"images": "digits:16", **scoring})
    config.evaluation = ({"images": "digits_test:16", **scoring},)
