"""Tasks: what is trained and how it predicts. The loop knows nothing else of them."""

from train.tasks.denoising import Denoising
from train.tasks.super_resolution import SuperResolution

TASKS = {"denoising": Denoising, "super_resolution": SuperResolution}

__all__ = ["TASKS", "Denoising", "SuperResolution"]
