"""The rows of `train.bench --solvers` compute the same thing on every side."""

import numpy as np
import pytest

from benchmarks import operator_cases, solving
from benchmarks.phase_retrieval import phase_retrieval_case
from imaging_jax.solvers import align

# Minutes together, most of them compiling.
pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "case",
    [
        solving.blur_case(32),
        solving.masked_fourier_case(32),
        solving.wavelet_case(32),
        solving.conjugate_gradient_case(32, 5),
        solving.plug_and_play_case(16, 2),
        operator_cases.resize_case(16),
        operator_cases.inpainting_case(16),
        operator_cases.bayer_case(16),
        operator_cases.cassi_case(16, 3),
        operator_cases.compressive_sensing_case(16),
        operator_cases.subsampled_dct_case(16),
        operator_cases.coded_diffraction_case(16),
        operator_cases.multi_coil_case(16),
        operator_cases.fourier_shift_case(17),
        operator_cases.differences_case(16),
    ],
    ids=lambda case: case.name,
)
def test_all_sides_agree(case):
    answers = {}
    for name, program in case.programs.items():
        answer = program()
        answer = answer[0] if isinstance(answer, tuple) else answer
        answers[name] = np.asarray(answer).reshape(-1)
    ours = answers.pop("ours")
    assert np.isfinite(ours).all()
    for answer in answers.values():
        np.testing.assert_allclose(answer, ours, atol=2e-3 * np.abs(ours).max())


def test_all_sides_find_the_same_image_from_starts_of_their_own():
    programs = phase_retrieval_case(12, 400, 8).programs
    found = {name: np.asarray(program()).reshape(24, 24, 1) for name, program in programs.items()}
    ours = found.pop("ours")
    assert ours.std() > 0.1
    for image in found.values():
        np.testing.assert_allclose(align(image, ours), ours, atol=1e-3)


def test_the_report_has_a_line_for_everybody():
    report = solving.benchmark_solving([solving.wavelet_case(16)], rounds=2, seconds=0.0)
    timed = report["rows"]["wavelet db4 and back 16²"]
    assert timed["ours"]["over_ours"]["median"] == 1.0
    ratio = timed["PyWavelets"]["over_ours"]["median"]
    text = "\n".join(solving.solving_lines(report))
    assert f"{ratio:.2f}" in text
    assert text.count("wavelet db4 and back 16²") == 2
    with pytest.raises(ValueError, match="--rounds=0"):
        solving.benchmark_solving([], rounds=0, seconds=0.0)
