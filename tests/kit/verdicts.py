"""Why a check of an image failed: the product, the machine, or the check itself.

Only a ProductError says that the product is wrong. Every other exception is an error of the test or of the machine, so
that a failed network or a KeyError can never pass for a check that has noticed something.
"""

import re

from tests.kit.faults import is_fault

FAILED_STEP = re.compile(
    r"did not complete successfully: exit code: \d"
    r'|failed to compute cache key: .*"[^"]*": not found'
    r"|secret \w+: not found"
    r"|dockerfile parse error|Dockerfile parse error"
)
"""Messages of BuildKit about an instruction of the Dockerfile that failed."""

CANNOT_START = re.compile("OCI runtime|[Nn]o command specified")
"""Messages of the engine about an image whose program cannot start."""


class ProductError(AssertionError):
    """The product is not as it must be."""


class MachineError(Exception):
    """The machine or its network failed, so that nothing is known about the product."""


def expect(holds: object, message: object) -> None:
    """Raise a ProductError with a message unless something holds."""
    if not holds:
        raise ProductError(str(message))


def expect_equal(found: object, expected: object, name: str) -> None:
    """Raise a ProductError unless a fact about the product is the expected one."""
    expect(found == expected, f"{name}: {found!r}, expected {expected!r}")


def build_failure(log: str) -> Exception:
    """Return the error for a failed `docker build`, from its log."""
    if is_fault(log):
        return MachineError(log)
    return ProductError(log) if FAILED_STEP.search(log) else RuntimeError(log)


def program_failure(status: int, output: str) -> Exception:
    """Return the error for a failed `docker run`, `create`, `start` or `exec`, from its status and output.

    The status is that of the program, or 125 if the engine failed.
    """
    if is_fault(output):
        return MachineError(output)
    if CANNOT_START.search(output) or (status != 125 and "Error response from daemon" not in output):
        return ProductError(output)
    return RuntimeError(output)
