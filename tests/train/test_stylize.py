"""The command that gives pictures a style: one clear line for a mistake, and a picture."""

import numpy as np
import pytest

from tests.train.test_command_line import run
from train.data import images


@pytest.fixture
def pictures(tmp_path):
    generator = np.random.default_rng(0)
    for name, shape in (("photo", (33, 26, 4)), ("painting", (20, 30, 3))):
        images.write(tmp_path / f"{name}.png", generator.integers(0, 256, shape).astype(np.uint8))
    return f"--content={tmp_path / 'photo.png'}", f"--style={tmp_path / 'painting.png'}"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--method=wtc",), "--method=wtc: known are adain, gatys, wct, fast_style_wave"),
        (("--method=wct", "--steps=3"), "--steps: wct optimises nothing"),
        (("--output=photo.jpg",), "photo.jpg: alpha is written as"),
    ],
)
def test_a_mistake_is_one_clear_line(pictures, tmp_path, flags, words):
    done = run("train.stylize", *pictures, *flags)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {words}")
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.slow
def test_a_photo_takes_the_style_of_a_painting(pictures, tmp_path, imaging_data):
    known = {"IMAGING_DATA": str(imaging_data)}
    done = run("train.stylize", *pictures, "--steps=12", "--size=40", **known)
    assert done.returncode == 0, done.stderr
    output = tmp_path / "photo_stylized.png"
    assert done.stdout.splitlines()[-1] == str(output)
    assert "style " in done.stdout
    assert images.read(output).pixels.shape == (40, 32, 4)
    again = run("train.stylize", *pictures, "--method=wct", **known)
    assert again.stderr == f"error: {output} exists; --overwrite replaces\n"
    again = run("train.stylize", *pictures, "--method=wct", "--alpha=0.5", "--overwrite", **known)
    assert again.returncode == 0, again.stderr
    assert images.read(output).pixels.shape == (33, 26, 4)
    named = run("train.stylize", pictures[0], "--method=fast_style_wave", "--overwrite", **known)
    assert named.returncode == 0, named.stderr
