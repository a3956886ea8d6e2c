"""Only a wrong product is a caught mutant: no fault of the machine, and no error of a check."""

from pathlib import Path

import pytest

from tests.kit.image_checks import failed_check
from tests.kit.verdicts import MachineError, ProductError, build_failure, expect_equal, program_failure
from tools.render.template import Answers, Files

STEP = 'ERROR: failed to solve: process "/bin/sh -c pip install x" did not complete successfully: exit code: 1'


def raising(error: BaseException) -> str | None:
    """Return which check failed where one raises an error."""

    def check(answers: Answers, files: Files, folder: Path) -> None:
        raise error

    return failed_check([check], "", {}, {}, Path())


def test_a_wrong_product_is_a_caught_mutant() -> None:
    with pytest.raises(ProductError, match="user: 'root', expected 'app'") as failure:
        expect_equal("root", "app", "user")
    assert raising(failure.value) == "check"
    assert isinstance(build_failure(STEP), ProductError)
    assert isinstance(build_failure('failed to compute cache key: "/README.md": not found'), ProductError)
    assert isinstance(program_failure(1, "Traceback"), ProductError)
    assert isinstance(program_failure(127, 'OCI runtime create failed: exec: "x": not found'), ProductError)


@pytest.mark.parametrize(
    "error",
    [
        KeyError("user"),
        TypeError("None"),
        ValueError("no JSON"),
        IndexError(),
        AssertionError("docker inspect failed"),
        build_failure(f"Connection refused\n{STEP}"),
        build_failure(f"write /out: no space left on device\n{STEP}"),
        build_failure("ERROR: rpc error: code = Unavailable"),
        program_failure(125, "Error response from daemon: conflict"),
        program_failure(1, "Temporary failure in name resolution"),
    ],
    ids=repr,
)
def test_another_error_is_none(error: Exception) -> None:
    with pytest.raises(type(error)):
        raising(error)


def test_a_fault_is_the_machines() -> None:
    assert isinstance(build_failure(f"Read timed out\n{STEP}"), MachineError)
    assert not isinstance(build_failure("ERROR: rpc error"), ProductError | MachineError)
