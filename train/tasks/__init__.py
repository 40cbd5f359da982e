"""Tasks: what is trained and how it predicts. The loop knows nothing else of them."""

from train.tasks.super_resolution import SuperResolution

TASKS = {"super_resolution": SuperResolution}

__all__ = ["TASKS", "SuperResolution"]
