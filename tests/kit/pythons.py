"""The Python versions that the template supports, and their interpreters on this machine."""

import sys
from functools import cache

import yaml
from findpython.providers import ALL_PROVIDERS
from findpython.python import PythonVersion

from tools.repository import ROOT

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
"""The Python that runs the tests."""


@cache
def pythons() -> list[str]:
    """Return the supported versions, such as 3.13, the oldest first."""
    questions = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))
    return list(questions["python_versions"]["default"])


@cache
def interpreters() -> dict[str, str]:
    """Return the newest interpreter of each supported version that this machine has, prereleases included."""
    newest: dict[str, PythonVersion] = {}
    # From the last provider to the first, which is PATH: pyenv's scripts there fail for versions that are not active.
    for python in reversed(_candidates()):
        if python.is_valid() and (python.name not in newest or newest[python.name].version < python.version):
            newest[python.name] = python
    return {name.removeprefix("python"): str(newest[name].executable) for name in sorted(newest)}


def _candidates() -> list[PythonVersion]:
    """Return the distinct programs named after a supported version, such as python3.13, without starting them."""
    providers = [provider for kind in ALL_PROVIDERS.values() if (provider := kind.create())]
    names = {f"python{version}" for version in pythons()}
    found = [python for provider in providers for python in provider.find_pythons() if python.name in names]
    return list({python.real_path: python for python in found}.values())
