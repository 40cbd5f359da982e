import json
import shlex

import numpy as np
import pytest

from train.data.data_set import DataSet
from train.data.fields import Field
from train.records import record as records
from train.records import tables
from train.records.markdown import markdown_table
from train.scoring.evaluation import evaluate
from train.scoring.protocols import PROTOCOLS
from train.systems.catalogue import system


@pytest.fixture(scope="module")
def entry():
    picture = np.random.default_rng(0).integers(0, 256, (24, 30, 3)).astype(np.uint8)
    fields = {"image": Field((24, 30, 3), "uint8", "image", (0, 255))}
    images = DataSet("noise", fields, ["a"], lambda i: {"image": picture})
    return records.record(evaluate(system("bicubic"), images, PROTOCOLS["luminance"], 2))


def test_a_record_says_where_its_figure_comes_from(entry):
    assert entry["cell"] == {
        "system": "bicubic", "weights": "none", "images": "noise", "scale": 2,
        "protocol": "luminance", "seed": None,
    }  # fmt: skip
    assert len(entry["commit"]) in (0, 40)
    assert entry["command"].startswith("python -m ")
    assert len(entry["data_sha256"]) == 64
    assert entry["protocol"]["border"] == 2
    assert {"device", "precision", "versions", "seconds", "clean"} <= entry.keys()


def test_images_are_listed_one_by_one_where_they_are_few(entry, monkeypatch):
    assert [row["image"] for row in entry["per_image"]] == ["a"]
    monkeypatch.setattr(records, "_LISTED", 0)
    fields = {"image": Field((24, 30, 3), "uint8", "image", (0, 255))}
    pixels = np.random.default_rng(0).integers(0, 256, (24, 30, 3)).astype(np.uint8)
    images = DataSet("noise", fields, ["a"], lambda i: {"image": pixels})
    found = records.record(evaluate(system("bicubic"), images, PROTOCOLS["luminance"], 2))
    assert "per_image" not in found
    assert found["values"] == entry["values"]


def test_a_record_tells_nothing_of_one_machine(monkeypatch):
    words = ["--system=/home/x/runs/a", "--images=pairs:/home/x/cloudy:/home/x/clear"]
    same = ["$IMAGING_DATA/sr/T91", "configs/a/b.py:c", "https://a.b/c/d/e", "~/a/b/c", "/data"]
    words += ["--weights={'generator': '/tmp/c/d/b.npz'}", *same]
    monkeypatch.setattr("sys.argv", ["/home/x/train/evaluate.py", *words])
    fields = {"image": Field((24, 30, 3), "uint8", "image", (0, 255))}
    pixels = np.zeros((24, 30, 3), np.uint8)
    images = DataSet("folder:/home/x/noise", fields, ["a"], lambda i: {"image": pixels})
    found = records.record(evaluate(system("bicubic"), images, PROTOCOLS["luminance"], 2))
    assert found["cell"]["images"] == "folder:x/noise"
    wanted = ["--system=runs/a", "--images=pairs:x/cloudy:x/clear"]
    wanted += ["--weights={'generator': 'd/b.npz'}", *same]
    assert shlex.split(found["command"]) == ["python", "-m", "train.evaluate", *wanted]


def test_a_new_value_replaces_the_old(entry, tmp_path):
    records.write(entry, tmp_path)
    records.write({**entry, "values": {"psnr": 1.0}}, tmp_path)
    (found,) = records.read_all(tmp_path)
    assert found["values"] == {"psnr": 1.0}


def test_two_files_of_one_cell_are_refused(entry, tmp_path):
    records.write(entry, tmp_path)
    (tmp_path / "zz.json").write_text(json.dumps(entry))
    with pytest.raises(ValueError, match="both record bicubic__none__noise_x2__luminance"):
        records.read_all(tmp_path)


def test_a_file_that_is_no_record_is_named(tmp_path):
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(ValueError, match=r"x\.json is not a record"):
        records.read_all(tmp_path)


PUBLISHED = {"paper": "bicubic", "images": "noise", "scale": 2, "protocol": "luminance",
             "psnr": 12.34, "ssim": 0.5678, "source": "A paper", "mark": "P"}  # fmt: skip


def test_the_published_cell_stands_beside_ours(entry):
    shown = tables.render([{**entry, "values": {"psnr": 9.876, "ssim": 0.4321}}], [PUBLISHED])
    (row,) = [line for line in shown.splitlines() if line.startswith("| x2 | bicubic")]
    assert "| 12.34 / 0.5678 | 9.88 / 0.4321 |" in row
    assert "A paper" in shown


def test_a_figure_recomputed_elsewhere_is_not_called_printed(entry):
    cell = {**PUBLISHED, "mark": "R"}
    assert "A paper (recomputed in numpy, not printed)" in tables.render([entry], [cell])


def test_two_published_values_of_one_cell_are_refused(entry):
    with pytest.raises(ValueError, match="two values"):
        tables.render([entry], [PUBLISHED, {**PUBLISHED, "psnr": 1.0}])


def test_the_table_in_the_documentation_is_the_one_the_records_give():
    assert tables.PAGE.read_text() == tables.rendered()


def values_of(key, tree):
    """Every value that stands under `key` anywhere in nested dicts and lists."""
    if isinstance(tree, list):
        return [v for item in tree for v in values_of(key, item)]
    if not isinstance(tree, dict):
        return []
    here = [tree[key]] if key in tree else []
    return here + [v for item in tree.values() for v in values_of(key, item)]


def test_every_record_and_its_training_were_made_from_a_clean_tree():
    for entry in records.read_all():
        # What a run trained tells each of its starts; what learns on the image itself was trained
        # by the command that scored it, and the package's own weights tell their config.
        expected = 2 if values_of("starts", entry.get("training") or {}) else 1
        clean = values_of("clean", entry)
        assert len(clean) >= expected, records.file_name(entry["cell"])
        assert all(clean), records.file_name(entry["cell"])


def test_bars_in_a_cell_do_not_end_it():
    table = markdown_table(["norm", "of"], [("|x|²", "`x`")])
    assert table == "| norm | of |\n| --- | --- |\n| \\|x\\|² | `x` |\n"
