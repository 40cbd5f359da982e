"""The page is read as a browser would: parsed, its images decoded, its curves counted."""

import base64
import io
import json
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from train.records import page as html_report
from train.records import report

GENERATOR = np.random.default_rng(0)
PAIR = tuple(GENERATOR.integers(0, 256, (20, 30, 3)).astype(np.uint8) for _ in range(2))
VOID = {"meta", "img", "input", "link", "br"}


class Page(HTMLParser):
    """Collects tags and text; fails on a tag that is closed out of turn."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.text = [], [], ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def text():
    return html_report.render(
        title="a <run>",
        summary="10 seconds & more",
        table=[{"images": "set5", "scale": 3, "system": "ours", "psnr": 32.61234}],
        previews={'bird "1"': PAIR, "head": PAIR},
        sides=("bicubic", "ours"),
        scalars=[
            {"step": 10, "time": 1.0, "train/loss": 0.5},
            {"step": 20, "time": 2.0, "train/loss": 0.25, "validation/psnr": 30.0},
        ],
        config={"model": {"name": "edsr"}, "paper": "</pre><script>alert(1)</script>"},
        starts=[{"command": "python -m train.main"}],
    )


def test_needs_no_other_file(text):
    page = Page(text)
    assert not page.all("link")
    assert all("src" not in script for script in page.all("script"))
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.all("img"))
    assert "http" not in text


def test_its_images_are_those_given(text):
    decoded = []
    for image in Page(text).all("img"):
        _, _, data = image["src"].partition(",")
        decoded.append((image["class"], np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))))
    assert [kind for kind, _ in decoded] == ["after", "before"] * 2
    for (kind, image), wanted in zip(decoded, (PAIR[1], PAIR[0]) * 2, strict=True):
        np.testing.assert_array_equal(image, wanted, err_msg=kind)


def test_a_slider_for_each_preview_and_a_curve_for_each_scalar(text):
    page = Page(text)
    assert len([i for i in page.all("input") if i["type"] == "range"]) == 2
    labels = [svg["aria-label"] for svg in page.all("svg")]
    assert labels == ["train/loss", "validation/psnr"]
    points = page.all("polyline")[0]["points"].split()
    (x1, y1), (x2, y2) = (map(float, point.split(",")) for point in points)
    assert x1 < x2
    assert y1 < y2  # a falling loss falls on the screen


def test_what_it_quotes_stays_text(text):
    page = Page(text)
    assert len(page.all("script")) == 1
    assert "a <run>" in page.text
    assert "10 seconds & more" in page.text
    assert json.dumps({"model": {"name": "edsr"}}, indent=1)[2:-2] in page.text
    assert "32.6123" in page.text


def test_a_run_without_evaluation_says_so():
    text = html_report.render("run", "", [], {}, ("a", "b"), [], {}, [])
    assert "names no evaluation" in Page(text).text


def test_rows_and_curves_may_have_gaps():
    rows = [{"images": "a", "psnr": 1.0}, {"images": "b", "niqe": 2.0, "psnr": 3.0}]
    text = html_report.render(
        title="", summary="", table=rows, previews={}, sides=("", ""), config={}, starts=[],
        scalars=[{"step": i, "loss": x} for i, x in enumerate([1.0, float("nan"), 3.0])],
    )  # fmt: skip
    head = "<tr><th>images</th><th>psnr</th><th>niqe</th></tr>"
    first = '<tr><td>a</td><td class="number">1.0000</td><td></td></tr>'
    assert head + first in text
    assert report.markdown(rows) == (
        "| images | psnr | niqe |\n| --- | --- | --- |\n| a | 1.00 |  |\n| b | 3.00 | 2.0000 |\n"
    )
    assert "nan" not in text
    assert ">3</text>" in text
