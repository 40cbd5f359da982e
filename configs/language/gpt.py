"""A GPT of characters on the manual that comes with every Python: minutes on two cores.

Variant "char" is the ten times larger network that nanoGPT trains on a GPU; "gpt2" has the
published size, for texts of one's own: `--config.data.text=FILE:fit`.
"""

from ml_collections import ConfigDict

from configs import common

CONTEXTS = {"": 64, "char": 256, "gpt2": 1024, "tiny": 8}


def get_config(variant=""):
    common.check_variant(variant, tuple(CONTEXTS))
    context = CONTEXTS[variant]
    config = common.get_config()
    config.task = ConfigDict({"name": "language_modelling"})
    # As many different characters as the manual has, and room for those of other versions.
    config.model = ConfigDict({"name": "gpt", "vocabulary_size": 128, "context": context})
    config.model.update({"width": 128, "depth": 4, "heads": 4, "bias": False, "dropout": 0.0})
    config.data = ConfigDict(
        {"name": "text_windows", "text": "python:fit", "batch_size": 16, "context": context}
    )
    config.optimizer = ConfigDict(
        {
            "name": "adamw",
            "b2": 0.99,
            "weight_decay": 0.1,
            "decayed": ("kernel", "embedding"),
            "clip_norm": 1.0,
            "schedule": {"name": "cosine", "peak": 3e-3, "warmup": 100, "final": 1e-4},
        }
    )
    scoring = {"context": context, "protocol": "language"}
    config.validation = ConfigDict({"images": "text:python:held_back", **scoring})
    baseline = {"baseline": "kneser_ney:5:text:python:fit"}
    config.evaluation = ({"images": "text:python:test", **scoring, **baseline},)
    common.for_steps(config, 3000, every=500)
    config.train.cpu_devices = 1
    if variant == "char":
        config.optimizer.schedule.peak = 1e-3
        config.model.update({"width": 384, "depth": 6, "heads": 6, "dropout": 0.2})
        config.data.batch_size = 64
        common.for_steps(config, 5000, every=500)
    if variant == "gpt2":
        config.model = ConfigDict({"name": "gpt", "dtype": "bfloat16", "remat": True})
        config.data.batch_size = 480
        config.optimizer.b2 = 0.95
        config.optimizer.schedule.update({"peak": 6e-4, "warmup": 2000, "final": 6e-5})
        common.for_steps(config, 600_000, every=5000)
    if variant == "tiny":
        config.model.update({"width": 8, "depth": 1, "heads": 2})
        common.for_steps(config, 4, every=2)
        config.train.log_every = 1
    return config
