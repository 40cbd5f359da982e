"""The application: `fit` trains what a config describes, `load_run` opens what it left."""

from typing import Any

__all__ = ["fit", "load_run"]


def __getattr__(name: str) -> Any:
    # Imported when asked for, so that a command line answers a mistyped flag before JAX starts.
    if name in __all__:
        from train import run

        return getattr(run, name)
    raise AttributeError(f"module 'train' has no attribute {name!r}")
