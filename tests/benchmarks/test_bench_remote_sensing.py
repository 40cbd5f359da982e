from benchmarks.remote_sensing import benchmark_remote_sensing, cases, remote_sensing_lines


def test_every_case_has_its_seconds_and_its_memory():
    report = benchmark_remote_sensing(cases(frames=9, side=8, codes=50), rounds=1)
    names = [row["case"].partition(",")[0] for row in report["rows"]]
    assert names == ["HighResNet", "WDSR3D", "DeepSUM", "query"]
    for row in report["rows"]:
        assert row["seconds"] > 0
        # 50 vectors of 128 float32, or nine frames of 64 and their masks.
        least = 4 * 50 * 128 if row["case"].startswith("query") else 2 * 9 * 64 * 4
        assert row["program_bytes"] >= least
    assert len(remote_sensing_lines(report)) == 5
