"""Networks by name; a system's file is `models/<family>/<system>.py`."""

from imaging_jax.models.super_resolution import EDSR, SRCNN, VDSR, EDSRLight

MODELS = {"edsr": EDSR, "edsr_light": EDSRLight, "srcnn": SRCNN, "vdsr": VDSR}

__all__ = ["MODELS"]
