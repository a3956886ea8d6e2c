# A test by another name, with another one in it.
git mv "$TEST" tests/test_ours.py
cat >>tests/test_ours.py <<'MORE'


def test_ours() -> None:
    """There is more."""
    assert 1 + 1 == 2
MORE
