"""The application: `fit` trains what a config describes, `load_run` opens what it left."""

import importlib
from typing import Any

_MODULES = {"fit": "train.run.training", "load_run": "train.engine.restore"}
__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:
    # Imported when asked for, so that a command line answers a mistyped flag before JAX starts.
    if name in _MODULES:
        return getattr(importlib.import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'train' has no attribute {name!r}")
