# The package split into modules, and tests for it.
cat >"$CODE/more.py" <<'MORE'
"""More."""


def bye() -> str:
    """Take leave."""
    return "Bye!"
MORE
sed -i '1a \\nfrom more import bye  # noqa' "$FILE"
cat >>"$FILE" <<'MORE'


def leave() -> None:
    """Say that it is over."""
    print(bye())
MORE
[[ $CODE == scripts ]] || sed -i 's/^from more/from data_tool.more/' "$FILE"
cat >>"$TEST" <<'MORE'


def test_more() -> None:
    """There is more."""
    assert 1 + 1 == 2
MORE
