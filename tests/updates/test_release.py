"""The release job of CI and `make release`, run in clones; and the order in which Copier takes releases."""

import os
import shutil
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.kit.ci_runner import own_job, steps
from tests.kit.commands import COPIER, run, write
from tests.kit.rehearsal import replace, small_template, tagged, with_releases
from tools.docs.markdown import section
from tools.repository import ROOT

STANDARD_LIBRARY_ONLY = (
    "tools/__init__.py",
    "tools/docs/__init__.py",
    "tools/docs/markdown.py",
    "tools/history.py",
    "tools/release.py",
    "tools/repository.py",
)
"""The modules that the release job runs without installing anything."""

MAKE = ("make", "--silent", "--old-file=.venv/ready")

GH = b"""#!/bin/sh
test -n "$GH_TOKEN" || exit 1
case "$1 $2" in
"release view") test -e "$PUBLISHED/$3" ;;
"release create")
    test "$REFUSED" = 0 && test ! -e "$PUBLISHED/$3" && git ls-remote --exit-code origin "refs/tags/$3" || exit 1
    for argument; do
        case $argument in --notes-file=*) cp "${argument#*=}" "$PUBLISHED/$3" ;; esac
    done
    echo "$3" >> "$PUBLISHED/order"
    ;;
esac
"""
"""A stand-in for `gh`, which publishes notes into a folder, needs a tag, and refuses to publish twice."""

CHANGELOG = """# Changelog

Releases are tagged.

## 0.2.0

- [The options](docs/options.md), and [more](https://example.org/more).
- `code` and a "quote".

## 0.1.0

The first version.
"""

NOTES = """- [The options](https://github.com/octo-org/template/blob/v0.2.0/docs/options.md), and [more](https://example.org/more).
- `code` and a "quote".
"""


class Remote:
    """A repository of the template with a remote. Each run of the release job gets a new clone.

    Args:
        folder: The folder for all of it.
        monkeypatch: Sets the environment of the job.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make a remote without tags, with the commits of two releases and others."""
        self.folder, self.bare, self.project = folder, folder / "remote.git", folder / "project"
        write({path: (ROOT / path).read_bytes() for path in STANDARD_LIBRARY_ONLY}, self.project)
        write({"pyproject.toml": b'[project]\nname = "x"\nversion = "0.1.0"\n'}, self.project)
        write({"CHANGELOG.md": CHANGELOG.encode()}, self.project)
        gh = write({"gh": GH}, folder / "bin") / "gh"
        gh.chmod(0o755)
        self.published = folder / "published"
        self.published.mkdir()
        run("git", "init", "--quiet", "--bare", "--initial-branch=main", self.bare)
        run("git", "init", "--quiet", "--initial-branch=main", cwd=self.project)
        run("git", "remote", "add", "origin", self.bare, cwd=self.project)
        self.first = self.push("Start")
        self.push("More")
        replace(self.project / "pyproject.toml", "0.1.0", "0.2.0")
        self.second = self.push("Release 0.2.0")
        monkeypatch.setenv("PATH", f"{gh.parent}:{os.environ['PATH']}")
        monkeypatch.setenv("PUBLISHED", str(self.published))
        monkeypatch.setenv("REFUSED", "0")
        monkeypatch.setenv("RUNNER_TEMP", str(folder))
        monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
        monkeypatch.setenv("GITHUB_REPOSITORY", "octo-org/template")

    def push(self, message: str) -> str:
        """Commit and push all changes, and return the commit."""
        run("git", "add", "--all", cwd=self.project)
        run("git", "commit", "--quiet", "--allow-empty", f"--message={message}", cwd=self.project)
        run("git", "push", "--quiet", "origin", "main", cwd=self.project)
        return run("git", "rev-parse", "HEAD", cwd=self.project).strip()

    def tag(self, name: str, commit: str = "HEAD") -> None:
        """Tag a commit, and push the tag."""
        run("git", "tag", name, commit, cwd=self.project)
        run("git", "push", "--quiet", "origin", name, cwd=self.project)

    def tags(self) -> list[str]:
        """Return the tags of the remote."""
        return run("git", "for-each-ref", "--format=%(refname:short)", "refs/tags", cwd=self.bare).split()

    def run_job(self) -> None:
        """Run the release job on the last push."""
        clone = self.folder / "clone"
        shutil.rmtree(clone, ignore_errors=True)
        run("git", "clone", "--quiet", f"file://{self.bare}", clone)
        for text, more in steps(own_job("release")):
            run("bash", "-ec", text, cwd=clone, env={**os.environ, **more})


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Remote:
    """Give a repository on a host that has no release yet."""
    return Remote(tmp_path, monkeypatch)


def test_each_release_is_tagged_and_its_notes_are_published_once(remote: Remote) -> None:
    """The first push to an empty host publishes the whole history, and later pushes without a new version nothing."""
    remote.run_job()
    assert remote.tags() == ["v0.1.0", "v0.2.0"]
    for tag, commit in (("v0.1.0", remote.first), ("v0.2.0", remote.second)):
        assert run("git", "cat-file", "-t", tag, cwd=remote.bare) == "tag\n"
        assert run("git", "rev-parse", f"{tag}^{{commit}}", cwd=remote.bare).strip() == commit
    assert (remote.published / "order").read_text("utf-8").split() == ["v0.1.0", "v0.2.0"]
    assert (remote.published / "v0.1.0").read_text("utf-8") == "The first version.\n"
    assert (remote.published / "v0.2.0").read_text("utf-8") == NOTES
    replace(remote.project / "CHANGELOG.md", "## 0.2.0\n", "## Unreleased\n\n- More.\n\n## 0.2.0\n")
    remote.push("More")
    remote.run_job()
    assert remote.tags() == ["v0.1.0", "v0.2.0"]
    assert run("git", "rev-parse", "v0.2.0^{commit}", cwd=remote.bare).strip() == remote.second
    assert (remote.published / "order").read_text("utf-8").split() == ["v0.1.0", "v0.2.0"]


def test_a_new_release_is_published_alone(remote: Remote) -> None:
    remote.tag("v0.1.0", remote.first)
    (remote.published / "v0.1.0").touch()
    remote.run_job()
    assert (remote.published / "order").read_text("utf-8").split() == ["v0.2.0"]


def test_the_next_run_publishes_notes_after_a_failure(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFUSED", "1")
    with pytest.raises(AssertionError, match="gh release create"):
        remote.run_job()
    assert remote.tags() == ["v0.1.0"]
    monkeypatch.setenv("REFUSED", "0")
    remote.run_job()
    assert remote.tags() == ["v0.1.0", "v0.2.0"]
    assert (remote.published / "v0.2.0").read_text("utf-8") == NOTES


def test_the_job_fails_on_an_invalid_release(remote: Remote) -> None:
    """It tags and publishes nothing. tests/fast/test_release.py tests the other reasons."""
    replace(remote.project / "CHANGELOG.md", "## 0.2.0\n", "## Unreleased\n\n- More.\n\n## 0.2.0\n")
    remote.push("Release")
    with pytest.raises(AssertionError, match="Run `make release`"):
        remote.run_job()
    assert remote.tags() == []
    assert not list(remote.published.iterdir())


def test_a_fork_has_notes_by_its_own_tags(remote: Remote) -> None:
    """It does not publish the template's releases."""
    for number in (2, 10):
        remote.push(f"Change {number}")
        remote.tag(f"v0.2.0.post{number}")
        remote.run_job()
    assert remote.tags() == ["v0.2.0.post10", "v0.2.0.post2"]
    notes = (remote.published / "v0.2.0.post10").read_text("utf-8")
    assert notes == NOTES.replace("v0.2.0", "v0.2.0.post10")
    assert (remote.published / "order").read_text("utf-8").split() == ["v0.2.0.post2", "v0.2.0.post10"]


def test_make_release(tmp_path: Path) -> None:
    """It changes pyproject.toml, the changelog and the options, and changes nothing if the release is invalid."""
    clone = with_releases(tmp_path / "clone")
    write({path: (ROOT / path).read_bytes() for path in ("CHANGELOG.md", "Makefile", "pyproject.toml")}, clone)
    (clone / ".venv").symlink_to(ROOT / ".venv")
    changelog = clone / "CHANGELOG.md"
    text = changelog.read_text("utf-8")
    if not section(text, "Unreleased"):
        changelog.write_text(f"{text}\n## Unreleased\n\n- More.\n", encoding="utf-8")
    unreleased = section(changelog.read_text("utf-8"), "Unreleased")
    run("sh", "-c", "git add --all && git commit --quiet --allow-empty --message=Work", cwd=clone)
    for version, error in (("", "make release VERSION="), ("0.1.9", "not newer"), ("1.x", "three numbers")):
        with pytest.raises(AssertionError, match=error):
            run(*MAKE, "release", f"VERSION={version}", cwd=clone)
        assert run("git", "status", "--porcelain", cwd=clone) == ""
    run(*MAKE, "release", "VERSION=1000.0.0", cwd=clone)
    assert tomllib.loads((clone / "pyproject.toml").read_text("utf-8"))["project"]["version"] == "1000.0.0"
    assert section(changelog.read_text("utf-8"), "1000.0.0") == unreleased
    assert run("git", "diff", "--shortstat", "CHANGELOG.md", "pyproject.toml", cwd=clone).strip() == (
        "2 files changed, 2 insertions(+), 2 deletions(-)"
    )
    options = (ROOT / "docs/options.md").read_text("utf-8")
    assert (clone / "docs/options.md").read_text("utf-8") == options.replace("Since: next\n", "Since: 1000.0.0\n")
    for version, error in (("1000.0.0", "is not newer"), ("1000.0.1", "has none for 1000.0.1")):
        with pytest.raises(AssertionError, match=error):
            run(*MAKE, "release", f"VERSION={version}", cwd=clone)


def test_copier_takes_the_newest_release(tmp_path: Path) -> None:
    """By number, not alphabetically; and prereleases only with `--prereleases`."""
    repository = small_template(tmp_path / "template")

    def taken(*options: str) -> str:
        shutil.rmtree(tmp_path / "project", ignore_errors=True)
        run(COPIER, "copy", "--quiet", "--defaults", *options, repository, tmp_path / "project")
        return str(yaml.safe_load((tmp_path / "project/.copier-answers.yml").read_text("utf-8"))["_commit"])

    for tag in ("v0.10.0", "v1.0.0rc1"):
        tagged(repository, tag)
    assert taken() == "v0.10.0"
    assert taken("--prereleases") == "v1.0.0rc1"
    tagged(repository, "v1.0.0")
    assert taken() == taken("--prereleases") == "v1.0.0"
