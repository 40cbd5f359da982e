"""How much memory a large picture takes, in processes of their own."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from train.data import images

ROOT = Path(__file__).parents[3]
IDLE = "from train.systems import catalogue, enlarging; import jax; jax.devices()"
PREDICT = "import runpy; runpy.run_module('train.predict', run_name='__main__')"
# The high-water mark of this program alone: what getrusage says, a child inherits.
PEAK = """
import atexit
def show():
    lines = open("/proc/self/status").read().splitlines()
    print("peak", next(line.split()[1] for line in lines if line.startswith("VmHWM")))
atexit.register(show)
"""


def peak(code, *arguments):
    """Bytes that a Python process held at most."""
    command = [sys.executable, "-c", PEAK + code, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return 1024 * int(done.stdout.splitlines()[-1].split()[1])


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux says the peak")
def test_a_large_picture_holds_levels_and_the_memory_allowed(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (2000, 3000, 3), np.uint8)
    images.write(tmp_path / "a.png", pixels)
    allowed = 2e8
    used = peak(PREDICT, "--weights=edsr_light_x2", f"--memory={allowed / 1e9}", tmp_path / "a.png")
    output = 4 * pixels.nbytes
    assert used - peak(IDLE) < output + pixels.nbytes + allowed + 5e8
