"""Split requirements.txt by how pip installs the packages.

Those with hashes stay. Those from Git, which have a commit instead, go to
git-requirements.txt. Path dependencies are left to install_project.py.
"""

import re
import shutil
import sys
from pathlib import Path

FROM_GIT = re.compile(r"(-e |[^;]+? @ )git\+")
LOCAL = re.compile(r"(-e |[^;]+? @ )file:")


def main() -> None:
    """Split the file."""
    file = Path("requirements.txt")
    # The hashes of a package are in indented lines below it.
    requirements = re.split(r"\n(?!\s)", file.read_text(encoding="utf-8"))
    options = [each for each in requirements if each.startswith("--")]
    packages = [each for each in requirements if not LOCAL.match(each)]
    from_git = [each.removeprefix("-e ") for each in packages if FROM_GIT.match(each)]
    if from_git and not shutil.which("git"):
        sys.exit("Add git to builder_packages: poetry.lock has packages from Git.")
    hashed = [each for each in packages if not FROM_GIT.match(each)]
    file.write_text("\n".join(hashed), encoding="utf-8")
    Path("git-requirements.txt").write_text(
        "\n".join([*options, *from_git]), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
