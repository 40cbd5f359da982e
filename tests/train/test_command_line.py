import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from train.command import default_workdir
from train.data import images
from train.systems.catalogue import system

ROOT = Path(__file__).parents[2]


def run(*arguments, cwd=ROOT, **environment):
    return subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


QUICKSTART = "--config=configs/quickstart.py:tiny"
DNCNN = "--config=configs/restoration/dncnn.py:tiny"
GAN = "--config=configs/generative/gan.py:tiny"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((QUICKSTART, "--config.train.stpes=3"), ["--config.train.stpes", "'stpes'", "'steps'"]),
        ((QUICKSTART, "--config.trian.steps=3"), ["--config.trian", "'train'"]),
        ((QUICKSTART, "--config.train.steps=many"), ["--config.train.steps=many"]),
        ((QUICKSTART, "--config.trian=3"), ["'train'"]),
        ((QUICKSTART, "--config.model.blokcs=2"), ["--config.model.blokcs", "'blocks'"]),
        ((QUICKSTART, "--config.data.textuer=0.5"), ["--config.data.textuer", "'texture'"]),
        ((DNCNN, "--config.model.batch_norm=3"), ["--config.model.batch_norm=3", "bool"]),
        ((DNCNN, "--noconfig.model.batch_nrom"), ["--config.model.batch_nrom", "'batch_norm'"]),
        (
            (GAN, "--config.model.generator.latnet=3"),
            ["--config.model.generator.latnet", "'latent'"],
        ),
        ((QUICKSTART, "--workdri=x"), ["workdri", "workdir"]),
        (("--config=configs/quikstart.py",), ["configs/quikstart.py", "configs/quickstart.py"]),
        ((), ["--config="]),
    ],
)
def test_a_mistake_is_one_clear_line(arguments, words):
    done = run("train.main", *arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ")
    assert all(word in done.stderr for word in words), done.stderr


@pytest.mark.parametrize(
    ("arguments", "leaf", "there"),
    [
        # Without batch norm each hidden convolution has a bias.
        ((DNCNN, "--config.model.batch_norm=False"), r"conv2/bias", True),
        ((DNCNN,), r"conv2/bias", False),
        ((GAN, "--config.model.generator.latent=5"), r"\[5, 8\]", True),
        ((QUICKSTART, "--config.optimizer.b1=0.5"), r"/kernel", True),
    ],
)
def test_any_field_can_be_overridden_whether_the_config_names_it_or_not(
    arguments, leaf, there, tmp_path
):
    # No step is taken: what it starts from is saved and reviewed.
    none = ("--config.train.steps=0", "--config.evaluation=()")
    done = run("train.main", *arguments, *none, f"--workdir={tmp_path / 'run'}")
    assert done.returncode == 0, done.stderr
    (step,) = (tmp_path / "run" / "checkpoints").glob("[0-9]*")
    assert step.name == "0"
    leaves = (step / "leaves" / "metadata").read_text()
    assert bool(re.search(leaf, leaves)) == there, leaves


def test_the_default_run_folder_comes_from_the_configs_name():
    assert default_workdir("configs/super_resolution/edsr.py") == Path("runs/edsr")
    assert default_workdir("configs/quickstart.py:tiny") == Path("runs/quickstart_tiny")


def test_list_shows_everything_by_name():
    shown = run("train.main", "--list").stdout
    for name in ("edsr", "configs/quickstart.py", "vdsr_twtygqyy", "set5", "luminance", "lanczos3"):
        assert f"  {name}\n" in f"{shown}\n"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("my runs") / "quick"
    done = run("train.main", QUICKSTART, f"--workdir={workdir}", "--config.train.steps=2")
    assert done.returncode == 0, done.stderr
    return workdir, done.stdout


def test_a_run_ends_with_a_table_and_the_next_command(trained):
    workdir, shown = trained
    assert "| dead_leaves | 3 | rgb_rounded_once | bicubic |" in shown
    (line,) = [line for line in shown.splitlines() if "train.predict" in line]
    words = shlex.split(line.partition("your own image: ")[2])
    assert words == ["python", "-m", "train.predict", f"--weights={workdir}", "photo.png"]
    start = json.loads((workdir / "starts.json").read_text())[0]
    assert f"--workdir={workdir}" in shlex.split(start["command"])


@pytest.mark.slow
def test_the_command_it_names_enlarges_a_picture(trained, tmp_path):
    workdir, _ = trained
    deep = np.random.default_rng(0).integers(0, 65536, (9, 12, 4)).astype(np.uint16)
    images.write(tmp_path / "photo.png", deep)
    done = run("train.predict", f"--weights={workdir}", tmp_path / "photo.png")
    assert done.returncode == 0, done.stderr
    enlarged = images.read(tmp_path / "photo_x3.png").pixels
    assert (enlarged.shape, enlarged.dtype) == ((27, 36, 4), np.uint16)
    with pytest.raises(ValueError, match=r"scale=7: .* serves \(3,\)"):
        system(str(workdir)).check(scale=7)
    again = run("train.predict", "--weights=bicubic", "--scale=3", tmp_path / "photo.png")
    assert again.returncode == 2
    assert "--overwrite" in again.stderr


@pytest.mark.slow
def test_a_folder_restored_in_place_twice_holds_each_once(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    for name in ("photo.webp", "photo.bmp", "sub/scan.tif"):
        images.write(tmp_path / name, pixels)
    (tmp_path / ".hidden.png").write_bytes(b"no image")
    for overwrite in ("--nooverwrite", "--overwrite"):
        done = run("train.predict", "--weights=bicubic", "--scale=2", overwrite, tmp_path)
        assert done.returncode == 0, done.stderr
    assert "passed over, as written by this command: photo.bmp_x2.png, " in done.stdout
    found = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*_x2*")}
    assert found == {"photo.bmp_x2.png", "photo.webp_x2.png", "sub/scan_x2.tif"}


@pytest.mark.slow
def test_twelve_bits_are_restored_between_their_own_black_and_white(tmp_path):
    # Without its white, what passes 4095 at the edge would stay.
    levels = np.repeat(np.uint16([[0], [4095]]), 8, axis=0)
    np.save(tmp_path / "a.npy", np.broadcast_to(levels, (16, 16)))
    flags = ("--weights=bicubic", "--scale=2", "--levels=4095", "--boundary=wrap")
    done = run("train.predict", *flags, tmp_path / "a.npy")
    assert done.returncode == 0, done.stderr
    enlarged = np.load(tmp_path / "a_x2.npy")
    assert (enlarged.shape, enlarged.dtype, enlarged.max()) == ((32, 32, 1), np.uint16, 4095)
    refused = run("train.predict", *flags[:2], "--levels=0", tmp_path / "a.npy")
    assert (refused.returncode, "--levels=0.0" in refused.stderr) == (2, True)


def test_evaluate_prints_every_image_and_the_mean(trained):
    workdir, _ = trained
    done = run("train.evaluate", f"--system={workdir}", "--images=dead_leaves")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 10
    assert "mean" in done.stdout


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("--system=bicubik", "'bicubic'"),
        ("--images=nowhere/at/all", "no folder"),
        ("--protocol=luminanse", "'luminance'"),
        ("--scales=two", "--scales=two"),
    ],
)
def test_evaluate_names_what_it_does_not_know(flag, words):
    done = run("train.evaluate", "--system=bicubic", "--images=dead_leaves", flag)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_second_evaluation_compiles_nothing_anew(tmp_path):
    # Each program of this set compiles in less than a second.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JAX_")}
    environment["XDG_CACHE_HOME"] = str(tmp_path)
    arguments = ("--system=bicubic", "--images=dead_leaves", "--scales=3")
    found = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", COUNTING, *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(int(done.stdout.splitlines()[-1]))
    assert found[0] > 0
    assert found[1] == 0


# Counts the programs that the persistent cache didn't have.
COUNTING = """
import sys
from jax import monitoring
missed = []
def listen(event, **more):
    if event == "/jax/compilation_cache/cache_misses":
        missed.append(event)
monitoring.register_event_listener(listen)
from train import evaluate
try:
    evaluate.main()
finally:
    print(len(missed))
"""
