"""The commands of docs/forking.md: make a fork and a repository from it, and follow the template's next release."""

import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml
from packaging.version import Version

from tests.kit.answers import FIXED, working_tree
from tests.kit.commands import COPIER, ENVIRONMENT, read, run
from tests.kit.rehearsal import AFTER, MARKERS, NEXT, known, replace, with_releases
from tools.docs import examples, write
from tools.docs.backstage import FOLDER
from tools.docs.markdown import code_blocks, section
from tools.render.template import copy_parts
from tools.repository import ROOT

pytestmark = pytest.mark.skipif(bool(FIXED), reason="this is a fork: the original repository tests the guide")

DERIVE = f"{sys.executable} -m tools.docs.write && {sys.executable} -m tools.docs.examples"

SURVEY = """
survey:
  type: bool
  help: Is it in the survey?
  default: true

package_index:
"""
"""A question of the next release, right after the one that the fork removes."""

ENTITY = (FOLDER / "copier-poetry-docker.yaml").relative_to(ROOT)

CHEAP = [
    "tests/fast/test_answers.py",
    "tests/fast/test_docs.py",
    "tests/fast/test_examples.py",
    "tests/fast/test_schema.py",
    "tests/fast/test_render.py::test_files_exist_when_they_should",
    "tests/fast/test_render.py::test_every_file_has_its_reason",
    "tests/fast/test_ownership.py::test_every_file_has_one_owner",
]
"""Tests of the files that the fork changes, except those that build images."""


@cache
def guide() -> str:
    """Return the page."""
    return (ROOT / "docs/forking.md").read_text(encoding="utf-8")


@cache
def derived() -> list[str]:
    """Return the paths of all generated documents and examples."""
    paths = {**write.documents(working_tree()), **examples.documents(working_tree())}
    return [path.relative_to(ROOT).as_posix() for path in paths]


def upstream(folder: Path) -> Path:
    """Clone this repository with its releases, and commit the whole working tree as the next one."""
    with_releases(folder)
    for path in run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT).splitlines():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, folder / path)
    release(folder, NEXT)
    return folder


def release(repository: Path, tag: str) -> None:
    """Commit the files of a repository of the template, and tag the commit as CI does."""
    run("git", "add", "--all", cwd=repository)
    run("git", "commit", "--quiet", "--allow-empty", f"--message={tag}", cwd=repository)
    run("git", "tag", "--force", "--annotate", f"--message={tag}", tag, cwd=repository)


def release_again(repository: Path) -> None:
    """Release the template with a new question, a new file, and changes beside those of the fork."""
    for path, old, new in (
        ("copier.yml", "help: Is it worked on in a dev container?", "help: Is it developed in a dev container?"),
        ("copier.yml", "\npackage_index:\n", SURVEY),
        ("copier.yml", "import registry_error %}", "import registry_error  %}"),
        ("extensions/names.jinja", " build_files devcontainer\n", " build_files devcontainer survey\n"),
        ("extensions/names.jinja", '"docker docs devcontainer"', '"docker docs devcontainer survey"'),
        ("extensions/ownership.yml", "  - CODEOWNERS\n", "  - CODEOWNERS\n  - NOTES\n"),
        ("docs/files.md", "| `SECURITY.md`", "| `NOTES` | notes | always |\n| `SECURITY.md`"),
        (
            "tests/kit/answers.py",
            '    "devcontainer": [True, False],\n',
            '    "devcontainer": [True, False],\n    "survey": [True, False],\n',
        ),
        ("examples/answers.yml", "      installer: poetry\n", "      installer: poetry\n      survey: false\n"),
        (
            "template/Dockerfile.jinja",
            "\nFROM ${PYTHON_IMAGE} AS runtime",
            "\n# Newer.\nFROM ${PYTHON_IMAGE} AS runtime",
        ),
        ("template/poetry.toml", "[solver]", "[solver]\n# Newer."),
        ("template/README.md.jinja", "## Licence", "## License"),
    ):
        replace(repository / path, old, new)
    (repository / "template/NOTES").write_text("Notes.\n", encoding="utf-8")
    run("sh", "-c", DERIVE, cwd=repository)
    release(repository, AFTER)


def commands(part: str, folder: Path) -> list[str]:
    """Return the commands of a section of the guide, with repositories in a folder in place of remote ones."""
    found = code_blocks(section(guide(), part))
    for remote, local in {
        "https://github.com/OWNER/copier-poetry-docker.git": f"{folder}/upstream",
        "https://github.com/octo-org/": f"{folder}/octo-org/",
        "gh:octo-org/copier-poetry-docker": f"{folder}/octo-org/copier-poetry-docker.git",
        "v1.4.0": NEXT,
        "v1.5.0": AFTER,
        "make docs examples": DERIVE,
    }.items():
        found = [each.replace(remote, local) for each in found]
    assert found
    return found


def shell(script: str, folder: Path) -> str:
    """Run commands of the guide without a terminal, and return their output."""
    return run("bash", "-euo", "pipefail", "-c", script, cwd=folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL)


def forked(folder: Path) -> Path:
    """Follow the guide to make a fork with a remote, and return its folder."""
    upstream(folder / "upstream")
    run("git", "init", "--quiet", "--bare", folder / "octo-org/copier-poetry-docker.git")
    shell("".join(commands("Start it", folder)), folder)
    fork = folder / "copier-poetry-docker"
    shell("".join(commands("Change it", folder)), fork)
    return fork


def changes(fork: Path, tag: str) -> str:
    """Return Git's count of changes in a fork since a release of the template, without derived files."""
    commit = run("git", "rev-parse", f"{tag}^{{commit}}", cwd=fork.parent / "upstream").strip()
    others = [f":!{path}" for path in {*derived(), "examples/*/*"}]
    return run("git", "diff", "--shortstat", commit, "HEAD", "--", *others, cwd=fork).strip()


def standing(project: Path, fork: Path) -> tuple[str, int, dict[str, str]]:
    """Return the release of a repository, the number of newer ones, and its drift."""
    report = run(sys.executable, "-m", "tools.fleet.command", "--json", project, cwd=fork)
    [found] = json.loads(report)["repositories"]
    return found["release"], found["behind"], found["drift"]


def test_a_fork_follows_the_template_and_its_repositories_follow_the_fork(tmp_path: Path) -> None:
    """The fork keeps its registry, its file and its removed question, and merges without a conflict."""
    fork, project = forked(tmp_path), tmp_path / "myproject"
    assert f"\n{changes(fork, NEXT)}\n" in guide()
    assert "https://github.com/octo-org/" in (fork / ENTITY).read_text(encoding="utf-8")
    assert (fork / "examples/package/default/catalog-info.yaml").exists()
    shell("".join(commands("Release it", tmp_path)), fork)
    run("sh", "-c", "git init --quiet && git add --all && git commit --quiet --message=Start", cwd=project)
    start = read(project)
    source = yaml.safe_load(start[".copier-answers.yml"])
    assert source["_src_path"] == f"{tmp_path}/octo-org/copier-poetry-docker.git"
    assert source["_commit"] == f"{NEXT}.post1"

    release_again(tmp_path / "upstream")
    *merge, update = commands("Follow this template", tmp_path)
    output = shell("".join(merge), fork)
    assert set(re.findall(r"Merge conflict in (?!examples/.*/)(.*)", output)) <= set(derived())
    assert f"\n{changes(fork, AFTER)}\n" in guide()
    assert set(run("git", "tag", cwd=fork).split()) == {f"{NEXT}.post1", f"{AFTER}.post1"}
    run("sh", "-c", DERIVE, cwd=fork)
    assert run("git", "status", "--porcelain", cwd=fork) == ""

    assert standing(project, fork) == (f"{NEXT}.post1", 1, {})
    shell(update, project)
    assert standing(project, fork) == (f"{AFTER}.post1", 0, {})
    end = read(project)
    assert yaml.safe_load(end[".copier-answers.yml"])["_commit"] == f"{AFTER}.post1"
    for files in (start, end):
        assert b"registry.octo.example/mirror/python:" in files["Dockerfile"]
        assert b"owner: octo-org" in files["catalog-info.yaml"]
        assert not [path for path, content in files.items() if MARKERS.search(content)]
    assert "devcontainer" not in known(project)
    assert known(project)["survey"] is True
    for path, newer in {"Dockerfile": b"# Newer.", "poetry.toml": b"# Newer.", "README.md": b"## License"}.items():
        assert newer not in start[path]
        assert newer in end[path]
    assert end["NOTES"] == b"Notes.\n"


def test_a_repository_of_the_template_moves_to_a_fork(tmp_path: Path) -> None:
    """It gets the changes of the fork, but keeps its own answers."""
    fork, project = forked(tmp_path), tmp_path / "moving"
    shell("".join(commands("Release it", tmp_path)), fork)
    run(COPIER, "copy", "--quiet", "--defaults", f"--vcs-ref={NEXT}", tmp_path / "upstream", project)
    run("sh", "-c", "git init --quiet && git add --all && git commit --quiet --message=Start", cwd=project)
    shell("".join(commands("Move a repository to it", tmp_path)), project)
    files = read(project)
    assert yaml.safe_load(files[".copier-answers.yml"])["_commit"] == f"{NEXT}.post1"
    assert b"owner: octo-org" in files["catalog-info.yaml"]
    assert known(project)["base_registry"] == ""
    assert "devcontainer" not in known(project)
    assert not [path for path, content in files.items() if MARKERS.search(content)]


def test_the_tests_of_a_fork_pass(tmp_path: Path) -> None:
    """After a merge too."""
    fork = forked(tmp_path)
    release_again(tmp_path / "upstream")
    shell(commands("Follow this template", tmp_path)[0].partition("git tag")[0], fork)
    for tools in (".venv", ".poetry"):
        (fork / tools).symlink_to(ROOT / tools)
    # A nested run of tests, without images.
    outer = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COPIER_POETRY_"))}
    environment = {**outer, "DOCKER_HOST": f"unix://{tmp_path}/none"}
    run(sys.executable, "-m", "pytest", "--numprocesses=0", "--quiet", *CHEAP, cwd=fork, env=environment)


TAGS = ["v1.4.0", "v1.4.0.post1", "v1.4.0.post2", "v1.4.0.post10", "v1.4.1", "v1.5.0.post1"]


def test_copier_orders_the_releases_of_a_fork() -> None:
    """By this library, which takes none of them for a prerelease."""
    assert sorted(set(TAGS), key=Version) == TAGS
    assert not [tag for tag in TAGS if Version(tag).is_prerelease]


def test_renovate_orders_the_releases_of_a_fork() -> None:
    pep440 = ROOT / ".node/node_modules/renovate/dist/modules/versioning/pep440/index.js"
    if not pep440.exists():
        pytest.skip("npm packages are missing: run `make test-all` where npm reaches its registry")
    script = f"""
        import {{ api }} from {json.dumps(str(pep440))};
        const tags = {json.dumps(TAGS[::-1])};
        console.log(JSON.stringify([tags.every(api.isStable), tags.sort(api.sortVersions)]));
    """
    assert json.loads(run(ROOT / ".venv/bin/node", "--input-type=module", "--eval", script)) == [True, TAGS]


@pytest.mark.parametrize(("older", "newer", "found"), [(".post9", ".post10", True), ("+octo.1", "+octo.2", False)])
def test_copier_finds_a_release_of_the_fork(older: str, newer: str, found: bool, tmp_path: Path) -> None:
    """If it has a number of its own: Copier ignores the part of a version after a +."""
    (tmp_path / "fork").mkdir()
    copy_parts(ROOT, tmp_path / "fork")
    start = f"git init --quiet && git add --all && git commit --quiet --message=1 && git tag v1.4.0{older}"
    run("sh", "-c", start, cwd=tmp_path / "fork")
    run(COPIER, "copy", "--quiet", "--defaults", tmp_path / "fork", tmp_path / "project")
    run("sh", "-c", f"git commit --quiet --allow-empty --message=2 && git tag v1.4.0{newer}", cwd=tmp_path / "fork")
    result = subprocess.run([COPIER, "check-update", "--quiet"], cwd=tmp_path / "project", check=False)
    assert result.returncode == (2 if found else 0)
