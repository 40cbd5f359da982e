"""Photographs beside a painting: the set, and what is measured of which."""

import numpy as np
import pytest
from PIL import Image

from train.data.data_sets import data_set
from train.scoring.evaluation import evaluate
from train.scoring.metrics import METRICS
from train.scoring.protocols import PROTOCOLS
from train.systems.catalogue import system


@pytest.fixture
def folders(tmp_path):
    """Two photographs, 40x52 and 20x36, and a painting of 24x30."""
    random = np.random.default_rng(0)
    shapes = {"photographs/a": (40, 52, 3), "photographs/b": (20, 36, 3), "painting/p": (24, 30, 3)}
    for name, shape in shapes.items():
        file = tmp_path / f"{name}.png"
        file.parent.mkdir(exist_ok=True)
        Image.fromarray(random.integers(0, 256, shape).astype(np.uint8)).save(file)
    return tmp_path


def styled(folders):
    return f"styled:{folders / 'painting'}:{folders / 'photographs'}"


def test_a_painting_is_continued_by_its_mirror_image_or_cut(folders):
    painting = np.asarray(Image.open(folders / "painting/p.png"))
    large, small = data_set(styled(folders))
    np.testing.assert_array_equal(large["style"][8:32, 11:41], painting)
    np.testing.assert_array_equal(large["style"][:8, 11:41], painting[7::-1])
    np.testing.assert_array_equal(large["style"][8:32, 41:], painting[:, :-12:-1])
    np.testing.assert_array_equal(small["style"][:, 3:33], painting[2:22])
    assert small["style"].shape == small["image"].shape == (20, 36, 3)


def test_the_painting_itself_is_no_distance_away(imaging_data, folders):
    same = f"styled:{folders / 'painting'}:{folders / 'painting'}"
    found = evaluate(system("identity"), data_set(same), PROTOCOLS["stylization"], 1).values
    assert found == {"gram_distance": 0, "edge_correlation": pytest.approx(1, abs=1e-12)}
    found = evaluate(system("identity"), data_set(styled(folders)), PROTOCOLS["stylization"], 1)
    assert found.values["gram_distance"] > 0
    assert found.values["edge_correlation"] == pytest.approx(1, abs=1e-12)


def test_edges_are_those_of_light_and_dark_however_they_are_coloured():
    correlation = METRICS["edge_correlation"].function
    ramp = np.linspace(0, 1, 40) ** 2
    image = np.broadcast_to((ramp[:, None] * ramp[None])[None, ..., None], (1, 40, 40, 3))
    # A negative of half the contrast has the same edges, a picture turned by its side others.
    assert correlation(image, 1 - image / 2).item() == pytest.approx(1, abs=1e-6)
    assert correlation(image, image[:, ::-1]).item() < 0.5
    noise = np.random.default_rng(0).random((1, 40, 40, 3))
    assert abs(correlation(image, noise).item()) < 0.2
    assert correlation(image, np.full_like(image, 0.5)).item() == 0


def test_several_paintings_are_refused(folders):
    with pytest.raises(ValueError, match="styled:set14: wanted styled:<painting>:<images>"):
        data_set("styled:set14")
    with pytest.raises(ValueError, match="photographs has 2 images, wanted one painting"):
        data_set(f"styled:{folders / 'photographs'}:{folders / 'photographs'}")
