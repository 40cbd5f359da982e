"""Where a figure comes from: command, commit, device, versions."""

import platform
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import jax

ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("jax", "jaxlib", "flax", "numpy")


def provenance() -> dict:
    """The command, commit, device and versions of the running program."""
    # Records and tables may differ from the commit: they are what is being made.
    changed = _git("status", "--porcelain", "--", ".", ":!results", ":!docs/tables.md")
    commit = _git("rev-parse", "HEAD")
    return {
        "command": shlex.join(["python", "-m", *_module_and_arguments()]),
        "commit": commit,
        "clean": bool(commit) and not changed,
        "device": f"{jax.device_count()} x {jax.devices()[0].device_kind}",
        "versions": {"python": platform.python_version(), **{p: version(p) for p in _PACKAGES}},
    }


def _module_and_arguments() -> list[str]:
    file = Path(sys.argv[0])
    module = f"train.{file.stem}" if file.parent.name == "train" else file.stem
    return [module, *sys.argv[1:]]


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""
