"""The Python versions that the template supports, and their interpreters on this machine."""

from functools import cache

import findpython
import yaml

from tools.repository import ROOT


@cache
def pythons() -> list[str]:
    """Return the supported versions, such as 3.13, the oldest first."""
    questions = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))
    return list(questions["python_versions"]["default"])


@cache
def interpreters() -> dict[str, str]:
    """Return the path of one interpreter for each supported version that this machine has."""
    return {
        version: str(python.executable)
        for python in reversed(findpython.find_all(allow_prereleases=True))
        if (version := f"{python.major}.{python.minor}") in pythons()
    }
