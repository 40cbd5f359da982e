"""DCGAN on digits, for a GPU: of PyTorch's tutorial at 32 pixels, and of others at 28.

"mnist" has the 28-pixel networks of csinva, "tensorflow" those of TensorFlow's tutorial, and
"tfgan" those of TF-GAN with its Wasserstein loss. TensorFlow's tutorial updates both networks at
once; here the generator follows the discriminator.
"""

from configs import common

_EPOCH = {64: 938, 256: 235}
VARIANTS = ("mnist", "mnist_tensorflow", "mnist_tfgan", "tiny")


def get_config(variant=""):
    common.check_variant(variant, VARIANTS)
    words = variant.split("_")
    config = common.adversarial(variant)
    size = 28 if "mnist" in words else 32
    config.model.generator = {"name": "dcgan_generator", "size": size}
    config.model.discriminator = {"name": "dcgan_discriminator", "size": size}
    batch_size, epochs = 64, 20
    if "tensorflow" in words:
        config.model.generator = {"name": "tensorflow_dcgan_generator"}
        config.model.discriminator = {"name": "tensorflow_dcgan_discriminator"}
        common.both_networks(config, "adam", 1e-4, b1=0.9, b2=0.999)
        batch_size, epochs = 256, 50
    if "tfgan" in words:
        config.task.loss = "wasserstein"
        config.model.generator = {"name": "tfgan_generator"}
        config.model.discriminator = {"name": "tfgan_discriminator"}
    config.data.batch_size = batch_size
    config.data.size = size
    if size == 32:
        common.score_on(config, "digits:32")
    common.for_steps(config, epochs * _EPOCH[batch_size], every=2 * _EPOCH[batch_size])
    config.train.log_every = _EPOCH[batch_size] // 2 if batch_size == 64 else 47
    if variant == "tiny":
        common.make_generation_tiny(config)
        config.data.size = 32
        common.score_on(config, "digits:32")
        for network in config.model.values():
            network.features = 2
    return config
