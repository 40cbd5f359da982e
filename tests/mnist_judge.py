"""MNIST and what its judge makes of images, computed once a process."""

import os
from functools import cache
from unittest import mock

import jax
import numpy as np

from imaging_jax.pretrained import load
from train.data.digits import mnist


@cache
def digits(data, split):
    """Images in [0, 1] and labels of MNIST below the folder `data`."""
    with mock.patch.dict(os.environ, IMAGING_DATA=str(data)):
        images, labels = mnist(split)
    return images.astype(np.float32) / 255, labels


@cache
def _judge(data):
    with mock.patch.dict(os.environ, IMAGING_DATA=str(data)):
        module, variables = load("lenet5_mnist_csinva")

    @jax.jit
    def judged(images):
        features = module.apply(variables, images, method="features")
        logits = module.apply(variables, images)
        return features, jax.nn.softmax(logits)

    return judged


def judge(data, images, chunk=2000):
    """Features (N, 84) and probabilities (N, 10) of images (N, 28, 28, 1) in [0, 1]."""
    parts = [_judge(data)(images[i : i + chunk]) for i in range(0, len(images), chunk)]
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


@cache
def judged_digits(data, split):
    """The same of MNIST."""
    return judge(data, digits(data, split)[0])
