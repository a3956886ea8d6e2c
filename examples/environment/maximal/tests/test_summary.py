"""Tests of the summary."""

import pandas as pd
import pytest

from summary import main, summarise


def test_summarises_each_sensor() -> None:
    """Every sensor has one row, with the number and the mean of its values."""
    measurements = pd.DataFrame(
        {"sensor": ["b", "a", "a"], "value": [4.0, 1.0, 2.0]},
    )
    assert summarise(measurements).to_dict("index") == {
        "a": {"count": 2, "mean": 1.5},
        "b": {"count": 1, "mean": 4.0},
    }


def test_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Run as a script, it prints a row for each sensor."""
    main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["indoors", "outdoors"]
