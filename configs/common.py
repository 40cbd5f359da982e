from ml_collections import ConfigDict


def get_config():
    """What every run can be told on the command line."""
    config = ConfigDict()
    config.seed = 0
    # The published system that the recipe reproduces, as train/records/published.json names it.
    config.paper = ""
    config.init_from = ""
    config.profile = False
    config.train = ConfigDict(
        {
            "steps": 1000,
            "steps_per_call": 1,
            "accumulate": 1,
            "ema_decay": 0.0,
            "log_every": 50,
            "validate_every": 500,
            "checkpoint_every": 500,
            "keep": 2,
            "cpu_devices": 0,
        }
    )
    return config


def check_variant(variant, known):
    """Raises a ValueError for a misspelt variant, which would else train the paper's recipe."""
    if variant not in ("", *known):
        raise ValueError(f"variant {variant!r} is unknown; known: {', '.join(known)}")


def luminance():
    """What the networks of SRCNN's time share: luminance of T91, upsampled beforehand."""
    config = get_config()
    config.task = ConfigDict(
        {
            "name": "super_resolution",
            "scales": (3,),
            "colour": "y",
            "degradation": "bicubic",
            "loss": "mse",
        }
    )
    config.data = ConfigDict(
        {
            "name": "patches",
            "images": "t91_train",
            "storage": "resident",
            "batch_size": 16,
            "patch_size": 48,
            "rescale": (1.0,),
            "on_error": "stop",
            "workers": 0,
            "levels": 0.0,
        }
    )
    config.validation = ConfigDict({"images": "t91_held_back", "scale": 3, "protocol": "luminance"})
    config.evaluation = ({"images": "set5", "scale": 3, "protocol": "luminance"},)
    return config


def denoising(sigma):
    """What the denoisers share: grey patches, noise of one level or of levels from a range."""
    config = luminance()
    config.task = ConfigDict({"name": "denoising", "sigma": sigma, "colour": "y", "loss": "mse"})
    config.data.images = "$IMAGING_DATA/sr/BSDS500_train"
    scoring = {"sigma": int(min(sigma[1], 25)), "protocol": "awgn"}
    config.validation = ConfigDict({"images": "t91_held_back", **scoring})
    config.evaluation = ({"images": "set12", **scoring},)
    return config


def small_dncnn():
    """56,097 parameters for grey images: DnCNN of eight layers without batch norm."""
    return ConfigDict(
        {"name": "dncnn", "depth": 8, "features": 32, "batch_norm": False, "dtype": "float32"}
    )


def small_unet(channels):
    """481,745 parameters for grey images: a U-Net of three poolings that finds one class."""
    return ConfigDict(
        {
            "name": "unet",
            "channels": channels,
            "classes": 1,
            "features": 16,
            "depth": 3,
            "padding": "same",
            "dropout": 0.0,
        }
    )


def textured_dead_leaves(batch_size, patch_size):
    """Images drawn on the device that networks of our own are trained on."""
    return ConfigDict(
        {
            "name": "dead_leaves",
            "batch_size": batch_size,
            "patch_size": patch_size,
            "leaves": 200,
            "radius": (4.0, 100.0),
            "supersampling": 2,
            "blur": 0.4,
            "texture": 0.1,
        }
    )


def adversarial(variant):
    """What two networks against each other on digits share: the small convolutional pair.

    Where the variant names MNIST, its judge scores what is drawn; else digits are drawn on the
    device, and pixels are compared.
    """
    config = get_config()
    config.task = ConfigDict(
        {
            "name": "adversarial",
            "loss": "non_saturating",
            "real_label": 1.0,
            "critic_steps": 1,
            "gradient_penalty": 0.0,
            "r1": 0.0,
            "r1_every": 1,
            "weight_bound": 0.0,
        }
    )
    config.model = ConfigDict(
        {
            "generator": {"name": "conv_generator", "latent": 64, "features": 8},
            "discriminator": {
                "name": "conv_discriminator",
                "features": 8,
                "normalization": "batch",
            },
        }
    )
    both_networks(config, "adam", 2e-4, b1=0.5, b2=0.999)
    of_digits(config, variant, batch_size=64)
    return config


def both_networks(config, name, rate, **values):
    """The same optimizer of a constant rate for generator and discriminator."""
    config.optimizer = ConfigDict()
    for network in ("generator", "discriminator"):
        schedule = {"name": "constant", "peak": rate}
        section = {"name": name, **values, "clip_norm": 0.0, "schedule": schedule}
        config.optimizer[network] = ConfigDict(section)


def of_digits(config, variant, batch_size):
    """Digits of MNIST where the variant names it, else digits drawn on the device."""
    # On CPU, steps this small lose more by sharing them out than they gain.
    config.train.cpu_devices = 1
    scoring = {"images": "digits", "protocol": "pixels", "samples": 10_000}
    config.data = ConfigDict({"name": "digits", "batch_size": batch_size, "size": 28})
    if "mnist" in variant.split("_"):
        config.data = ConfigDict(
            {"name": "labelled", "images": "mnist:train", "batch_size": batch_size, "size": 28}
        )
        scoring.update({"images": "mnist:train", "protocol": "judge"})
    config.validation = ConfigDict(scoring)
    config.evaluation = (scoring,)


def of_labelled_digits(config, mnist, batch_size):
    """What classifiers of digits share: drawn on the device, or of MNIST, scored by their classes.

    The last 5,000 of MNIST's training images are held back, to choose the checkpoint by.
    """
    config.data = ConfigDict({"name": "digits", "batch_size": batch_size, "size": 28})
    names = ("digits", "digits_test")
    if mnist:
        names = ("mnist:held_back", "mnist:test")
        config.data = ConfigDict(
            {"name": "labelled", "images": "mnist:fit", "batch_size": batch_size}
        )
    config.validation = ConfigDict({"images": names[0], "protocol": "classification"})
    config.evaluation = ({"images": names[1], "protocol": "classification"},)
    config.train.cpu_devices = 1


def score_on(config, images):
    """Compares what is drawn with this set."""
    config.validation.images = images
    config.evaluation = (config.validation.to_dict(),)


def for_steps(config, steps, every):
    """Trains for so many steps, and validates and saves each `every`."""
    config.train.update({"steps": steps, "log_every": min(100, every)})
    config.train.update({"validate_every": every, "checkpoint_every": every})


def autoencoding(variant, components):
    """What autoencoders of digits share: Adam, 128 images a step, ten times through MNIST.

    They stand beside as many principal components as their code has numbers. The last 5,000 of
    MNIST's training images are held back, to choose the checkpoint by.
    """
    config = get_config()
    config.optimizer = ConfigDict({"name": "adam", "schedule": {"name": "constant", "peak": 1e-3}})
    of_digits(config, variant, batch_size=128)
    mnist = "mnist" in variant.split("_")
    protocol = "reconstruction_judge" if mnist else "reconstruction"
    if mnist:
        config.data.images = "mnist:fit"
    names = ("mnist:held_back", "mnist:test") if mnist else ("digits", "digits_test")
    config.validation = ConfigDict({"images": names[0], "protocol": protocol})
    baseline = f"pca:{components}:{'mnist:train' if mnist else 'digits'}"
    config.evaluation = ({"images": names[1], "protocol": protocol, "baseline": baseline},)
    for_epochs(config, 10)
    return config


def for_epochs(config, epochs):
    """Trains so many times through as many images as MNIST has, and validates after each."""
    for_steps(config, epochs * 469, every=469)
    config.train.log_every = 67


def make_autoencoding_tiny(config, components):
    """Shrinks a config on digits for tests: four steps on digits that need no download."""
    config.data = ConfigDict({"name": "digits", "batch_size": 8, "size": 28})
    config.train.update({"steps": 4, "log_every": 1, "validate_every": 2, "checkpoint_every": 2})
    config.validation = ConfigDict({"images": "digits", "protocol": "reconstruction"})
    baseline = f"pca:{components}:digits"
    scoring = {"images": "digits_test", "protocol": "reconstruction", "baseline": baseline}
    config.evaluation = (scoring,)


def make_generation_tiny(config):
    """Shrinks a config on digits for tests: four steps on digits that need no download."""
    config.data = ConfigDict({"name": "digits", "batch_size": 8, "size": 28})
    config.train.update({"steps": 4, "log_every": 1, "validate_every": 2, "checkpoint_every": 2})
    scoring = {"images": "digits", "protocol": "pixels", "samples": 40}
    config.validation = ConfigDict(scoring)
    config.evaluation = (scoring,)


def adam_with_steps(config, steps, peak, every, factor):
    """Adam whose rate falls by `factor` each `every` steps: a paper's days of training."""
    config.optimizer = ConfigDict(
        {
            "name": "adam",
            "clip_norm": 0.0,
            "schedule": {"name": "step", "peak": peak, "every": every, "factor": factor},
        }
    )
    config.train.update({"steps": steps, "log_every": 500})
    config.train.update({"validate_every": steps // 20, "checkpoint_every": steps // 20})


def colour(config):
    """Turns `luminance` into what the networks of EDSR's time share: colours, 8-bit files."""
    config.task.update({"colour": "rgb", "degradation": "bicubic_8bit", "loss": "l1"})
    config.validation.protocol = "rgb_rounded_once"
    config.evaluation = ({"images": "set5", "scale": 3, "protocol": "rgb_rounded_once"},)


def patches_of_t91(config):
    """Large patches, held in memory: of small ones batch norm learns the border's statistics."""
    config.data.update({"images": "t91_train", "storage": "resident", "batch_size": 8})
    config.data.update({"patch_size": 72, "on_error": "stop", "workers": 0})
    config.validation.images = "t91_held_back"


def adam_with_cosine(peak):
    """Adam whose rate rises for 100 steps and falls to 0 with the last."""
    schedule = {"name": "cosine", "peak": peak, "warmup": 100}
    return ConfigDict({"name": "adam", "clip_norm": 1.0, "schedule": schedule})


def train_on_cpu(config, steps, peak, ema_decay):
    """Adam with a cosine, averaged: a recipe for minutes instead of days."""
    config.optimizer = adam_with_cosine(peak)
    config.train.update({"steps": steps, "log_every": 100, "ema_decay": ema_decay})
    config.train.update({"validate_every": steps // 5, "checkpoint_every": steps // 5})


def muon_on_cpu(config, steps, ema_decay):
    """`train_on_cpu` by Muon, at the rate that our own restoring networks take."""
    train_on_cpu(config, steps, peak=1e-2, ema_decay=ema_decay)
    config.optimizer.name = "muon"


def snapshots(config):
    """What the networks of coded snapshots share: MST's recipe, on generated cubes of 28 bands."""
    config.task = ConfigDict(
        {"name": "snapshot_imaging", "bands": 28, "mask": "staged", "loss": "rmse"}
    )
    config.data = ConfigDict(
        {"name": "made_cubes", "batch_size": 5, "patch_size": 256, "bands": 28}
    )
    adam_with_steps(config, 300_000, peak=4e-4, every=50_000, factor=0.5)
    scoring = {"protocol": "snapshot_imaging"}
    config.validation = ConfigDict({"images": "made_cubes:64:28", **scoring})
    config.evaluation = ({"images": "made_cubes_test:64:28", **scoring},)


def make_tiny(config):
    """Shrinks a config for tests: four steps on photographs that need no download."""
    config.data.update({"images": "scikit_image", "batch_size": 8, "patch_size": 24})
    config.train.update({"steps": 4, "log_every": 1, "validate_every": 2, "checkpoint_every": 2})
    config.validation.images = "dead_leaves"
    scoring = {key: value for key, value in config.validation.items() if key != "images"}
    config.evaluation = ({"images": "dead_leaves", **scoring},)


def proba_v(config, batch_size, patch_size, frames):
    """Near-infrared scenes of the Proba-V challenge, which lie under data/probav_data."""
    images = "NIR:data/probav_data"
    config.data = ConfigDict(
        {
            "name": "frame_patches",
            "images": f"proba_v:fit:{images}",
            "batch_size": batch_size,
            "patch_size": patch_size,
            "frames": frames,
        }
    )
    config.validation = ConfigDict({"images": f"proba_v:held_back:{images}", "protocol": "frames"})
    config.evaluation = ({"images": f"proba_v:scored:{images}", "protocol": "frames"},)


def frame_scenes(config, batch_size, patch_size):
    """Scenes of nine grey frames for x3, drawn on the device."""
    config.data = ConfigDict(
        {
            "name": "frame_scenes",
            "batch_size": batch_size,
            "patch_size": patch_size,
            "image_size": 3 * patch_size,
        }
    )
    config.validation = ConfigDict({"images": "frame_scenes:32", "protocol": "frames"})
    config.evaluation = (
        {"images": "frame_scenes_test:32", "protocol": "frames"},
        {"images": "made_scenes:scikit_image", "protocol": "frames"},
    )


def registered_for_steps(config, steps, peak):
    """One optimizer for a network of frames and those trained beside it."""
    schedule = {"name": "cosine", "peak": peak, "warmup": steps // 20}
    config.optimizer = ConfigDict(
        {"network": {"name": "adam", "clip_norm": 1.0, "schedule": schedule}}
    )
    for_steps(config, steps, every=steps // 5)


def make_frame_scenes_tiny(config):
    """Four steps on eight-pixel frames."""
    config.data.update({"batch_size": 8, "patch_size": 8, "image_size": 24, "leaves": 10})
    config.validation.images = "frame_scenes:8:2"
    config.evaluation = ({"images": "frame_scenes_test:8:2", "protocol": "frames"},)
    for_steps(config, 4, every=2)
    config.train.log_every = 1
