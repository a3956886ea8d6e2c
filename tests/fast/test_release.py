"""A release: written down with one command, tagged and published by CI once, and put in order by those who take it."""

import os
import shutil
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.kit.ci_runner import JOBS, steps
from tests.kit.commands import COPIER, run, write
from tests.kit.rehearsal import replace, small_template, tagged, with_releases
from tools.release import section
from tools.repository import ROOT

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
    ;;
esac
"""
"""The command line of GitHub, which publishes into a folder what has a tag, and nothing twice."""

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
    """A repository of the template with a remote, of which each run of the job has a fresh clone, as a runner has.

    Args:
        folder: Where all of it is.
        monkeypatch: Sets what the host tells its jobs.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make the remote, with the first release and the next one committed."""
        self.folder, self.bare, self.project = folder, folder / "remote.git", folder / "project"
        files = ("extensions/__init__.py", "extensions/release.py")
        write({path: (ROOT / path).read_bytes() for path in files}, self.project)
        write({"pyproject.toml": b'[project]\nname = "x"\nversion = "0.2.0"\n'}, self.project)
        write({"CHANGELOG.md": CHANGELOG.encode()}, self.project)
        gh = write({"gh": GH}, folder / "bin") / "gh"
        gh.chmod(0o755)
        self.published = folder / "published"
        self.published.mkdir()
        run("git", "init", "--quiet", "--bare", "--initial-branch=main", self.bare)
        run("git", "init", "--quiet", "--initial-branch=main", cwd=self.project)
        run("git", "remote", "add", "origin", self.bare, cwd=self.project)
        self.push("Start")
        self.tag("v0.1.0")
        monkeypatch.setenv("PATH", f"{gh.parent}:{os.environ['PATH']}")
        monkeypatch.setenv("PUBLISHED", str(self.published))
        monkeypatch.setenv("REFUSED", "0")
        monkeypatch.setenv("RUNNER_TEMP", str(folder))
        monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
        monkeypatch.setenv("GITHUB_REPOSITORY", "octo-org/template")

    def push(self, message: str) -> None:
        """Commit what is there, and push it."""
        run("git", "add", "--all", cwd=self.project)
        run("git", "commit", "--quiet", "--allow-empty", f"--message={message}", cwd=self.project)
        run("git", "push", "--quiet", "origin", "main", cwd=self.project)

    def tag(self, name: str) -> None:
        """Tag what is there, and push the tag."""
        run("git", "tag", name, cwd=self.project)
        run("git", "push", "--quiet", "origin", name, cwd=self.project)

    def tags(self) -> list[str]:
        """Return the tags of the remote, with what each is and where it leads."""
        return run("git", "for-each-ref", "--format=%(refname:short)", "refs/tags", cwd=self.bare).split()

    def run_job(self) -> None:
        """Run the job for what was pushed last."""
        clone = self.folder / "clone"
        shutil.rmtree(clone, ignore_errors=True)
        run("git", "clone", "--quiet", f"file://{self.bare}", clone)
        for text, more in steps(JOBS["release"]):
            run("bash", "-ec", text, cwd=clone, env={**os.environ, **more})


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Remote:
    """Give a repository whose next release is committed."""
    return Remote(tmp_path, monkeypatch)


def test_a_release_is_tagged_and_its_notes_are_published_once(remote: Remote) -> None:
    """Whatever is pushed before the version changes again."""
    remote.run_job()
    assert remote.tags() == ["v0.1.0", "v0.2.0"]
    assert run("git", "cat-file", "-t", "v0.2.0", cwd=remote.bare) == "tag\n"
    released = run("git", "rev-parse", "v0.2.0^{commit}", cwd=remote.bare)
    assert released == run("git", "rev-parse", "HEAD", cwd=remote.project)
    assert (remote.published / "v0.2.0").read_text("utf-8") == NOTES
    replace(remote.project / "CHANGELOG.md", "## 0.2.0\n", "## Unreleased\n\n- More.\n\n## 0.2.0\n")
    remote.push("More")
    remote.run_job()
    assert remote.tags() == ["v0.1.0", "v0.2.0"]
    assert run("git", "rev-parse", "v0.2.0^{commit}", cwd=remote.bare) == released
    assert [file.name for file in remote.published.iterdir()] == ["v0.2.0"]


def test_notes_that_could_not_be_published_are_published_by_the_next_run(
    remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFUSED", "1")
    with pytest.raises(AssertionError, match="gh release create"):
        remote.run_job()
    assert remote.tags() == ["v0.1.0", "v0.2.0"]
    monkeypatch.setenv("REFUSED", "0")
    remote.run_job()
    assert (remote.published / "v0.2.0").read_text("utf-8") == NOTES


@pytest.mark.parametrize(
    ("version", "changelog", "said"),
    [
        ("0.2", CHANGELOG, "0.2 is not three numbers with dots between, such as 1.2.3."),
        ("0.2.0rc1", CHANGELOG, "0.2.0rc1 is not three numbers"),
        ("0.02.0", CHANGELOG, "0.02.0 is not three numbers"),
        ("0.0.9", CHANGELOG, "0.0.9 is not newer than 0.1.0, which was released before."),
        ("0.3.0", CHANGELOG, "CHANGELOG.md says nothing of 0.3.0."),
        ("0.2.0", CHANGELOG.replace("- ", "## 0.1.1\n\n- "), "CHANGELOG.md says nothing of 0.2.0."),
        (
            "0.2.0",
            CHANGELOG.replace("## 0.2.0", "## Unreleased\n\n- More.\n\n## 0.2.0"),
            "CHANGELOG.md still has something below Unreleased: say there that it is in 0.2.0.",
        ),
    ],
    ids=["two-numbers", "trial", "zeros", "older", "no-notes", "empty-notes", "unreleased"],
)
def test_what_is_no_release_is_refused_in_one_sentence(version: str, changelog: str, said: str, remote: Remote) -> None:
    replace(remote.project / "pyproject.toml", 'version = "0.2.0"', f'version = "{version}"')
    (remote.project / "CHANGELOG.md").write_text(changelog, encoding="utf-8")
    remote.push("Release")
    with pytest.raises(AssertionError) as failure:
        remote.run_job()
    assert str(failure.value).splitlines()[-1].startswith(said)
    assert remote.tags() == ["v0.1.0"]
    assert not list(remote.published.iterdir())


def test_a_fork_has_notes_by_its_own_tags(remote: Remote) -> None:
    """And none of the template's."""
    for number in (2, 10):
        remote.push(f"Change {number}")
        remote.tag(f"v0.2.0.post{number}")
        remote.run_job()
    assert remote.tags() == ["v0.1.0", "v0.2.0.post10", "v0.2.0.post2"]
    notes = (remote.published / "v0.2.0.post10").read_text("utf-8")
    assert notes == NOTES.replace("v0.2.0", "v0.2.0.post10")
    assert len(list(remote.published.iterdir())) == 2


def test_a_tenth_release_is_newer_than_a_second_one(remote: Remote) -> None:
    remote.tag("v0.10.0")
    with pytest.raises(AssertionError, match=r"0\.2\.0 is not newer than 0\.10\.0"):
        remote.run_job()


def test_make_writes_a_release_down(tmp_path: Path) -> None:
    """In the changelog and as the release of what is new; and changes nothing where it is refused."""
    clone = with_releases(tmp_path / "clone")
    write({path: (ROOT / path).read_bytes() for path in ("CHANGELOG.md", "Makefile", "pyproject.toml")}, clone)
    (clone / ".venv").symlink_to(ROOT / ".venv")
    changelog = clone / "CHANGELOG.md"
    text = changelog.read_text("utf-8")
    if not section(text, "Unreleased"):
        changelog.write_text(f"{text}\n## Unreleased\n\n- More.\n", encoding="utf-8")
    unreleased = section(changelog.read_text("utf-8"), "Unreleased")
    run("sh", "-c", "git add --all && git commit --quiet --allow-empty --message=Work", cwd=clone)
    for version, said in (("", "Say which: make release VERSION="), ("0.1.9", "not newer"), ("1.x", "three numbers")):
        with pytest.raises(AssertionError, match=said):
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
    for version, said in (("1000.0.0", "not newer than 1000.0.0"), ("1000.0.1", "says nothing of 1000.0.1")):
        with pytest.raises(AssertionError, match=said):
            run(*MAKE, "release", f"VERSION={version}", cwd=clone)


def test_copier_takes_the_newest_release_and_a_trial_only_when_asked(tmp_path: Path) -> None:
    """By the numbers, and not by the letters, of its tag."""
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
