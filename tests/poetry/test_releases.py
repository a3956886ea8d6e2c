"""Only a tested commit of the default branch is released, with the tags and files that belong to it.

Whole pipelines run here, with stand-ins for the programs that build and publish.
"""

import hashlib
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.kit.answers import working_tree
from tests.kit.attacks import TESTS, earlier_template, hosted
from tests.kit.ci_jobs import GITLAB_FILE
from tests.kit.pipeline import Pipeline, stand_ins
from tools.render.template import Template

HOSTS = ["github", "gitlab"]
RELEASE_FILE = {"github": ".github/workflows/release.yml", "gitlab": GITLAB_FILE}

PUBLISHES = re.compile(
    r"imagetools create|--push |push=true|twine upload|cosign sign|release create|publish pypa/|release upload"
)
"""A command or an action that publishes."""


class Released:
    """A repository on a host, and the calls of its pipelines."""

    def __init__(self, host: str, folder: Path, template: Template, **answers: Any) -> None:
        """Make the repository."""
        files = template.render({"repository_host": host, **answers})
        self.host, self.folder, self.remote = host, folder, hosted(files, folder)
        self.programs = stand_ins(folder / "programs")

    def run(self, ref: str, event: str = "push", **variables: str) -> Pipeline:
        """Run the release of a branch or a tag."""
        pipeline = Pipeline(self.host, self.remote, ref, self.folder / "pipeline")
        subprocess.run(["rm", "-rf", pipeline.folder, self.folder / "calls"], check=True)
        path = f"{self.programs}:/usr/bin:/bin"
        calls = {"CALLS": str(self.folder / "calls"), "PATH": path, "TESTS": TESTS}
        pipeline.variables = {**calls, **variables}
        return pipeline.run(event, RELEASE_FILE[self.host])

    def published(self, pipeline: Pipeline) -> list[str]:
        """List the calls and the actions that publish."""
        calls = self.folder / "calls"
        text = calls.read_text(encoding="utf-8") if calls.exists() else ""
        return [
            call for call in [*text.splitlines(), *pipeline.used] if PUBLISHES.search(call) and "failed:" not in call
        ]


REMEDY = {"v0.1": "Delete this tag, and tag a commit with version 0.1", "v0.1.1": "Merge the tagged commit into main"}

NEITHER = {"v0.1.1": "a commit of another branch", "v0.1.2": "a commit whose tests fail"}


@pytest.mark.parametrize("tag", ["v0.1", *NEITHER], ids=["another version", *NEITHER.values()])
@pytest.mark.parametrize("host", HOSTS)
def test_a_tag_is_not_released(host: str, tag: str, tmp_path: Path) -> None:
    released = Released(host, tmp_path, working_tree())
    pipeline = released.run(tag)
    assert "failure" in pipeline.results.values()
    assert REMEDY.get(tag, "") in "\n".join(pipeline.used)
    assert released.published(pipeline) == []


@pytest.mark.parametrize("tag", NEITHER, ids=list(NEITHER.values()))
@pytest.mark.parametrize("host", HOSTS)
def test_the_same_tag_was_released_before(host: str, tag: str, tmp_path: Path) -> None:
    """With the jobs of an earlier template. On GitLab, no job waited for the tests of a tag."""
    released = Released(host, tmp_path, earlier_template())
    assert any("--push " in call for call in released.published(released.run(tag)))


IMAGES = {"github": "ghcr.io/octo-org/myproject", "gitlab": "registry.example.com/octo-org/myproject"}


def tags(calls: list[str]) -> list[str]:
    """Return the tags that an image gets."""
    [joined] = [call for call in calls if "imagetools create" in call]
    return re.findall(r"--tag=\S+:(\S+)", joined)


@pytest.mark.parametrize("host", HOSTS)
def test_a_tested_commit_of_the_default_branch_is_released(host: str, tmp_path: Path) -> None:
    released = Released(host, tmp_path, working_tree())
    pipeline = released.run("v0.1.0", ARM64_RUNNER="arm")
    assert "failure" not in pipeline.results.values(), pipeline.used
    calls = released.published(pipeline)
    assert tags(calls) == ["0.1.0", "0.1", "latest"]
    assert f"--tag={IMAGES[host]}:0.1.0 " in "\n".join(calls)
    text = (released.folder / "calls").read_text(encoding="utf-8")
    for label in ("version=0.1.0", "revision=" + pipeline.commit, "source=https://"):
        assert f"--label=org.opencontainers.image.{label}" in text
    exported = [call for call in text.splitlines() if re.search("type=oci|push-by-digest", call)]
    assert len(exported) == 2
    assert all(re.search("--provenance=mode=max --sbom=true ", call) for call in exported), exported
    [release] = [call for call in calls if "release create v0.1.0 " in call]
    assert "dist/myproject.tar.gz dist/myproject.whl" in release
    if host == "github":
        assert "--generate-notes --prerelease=false" in release
        assert "publish pypa/gh-action-pypi-publish" in calls
        assert pipeline.used.count("publish-image actions/attest") == pipeline.used.count("release actions/attest") == 1
    else:
        assert "twine upload dist/myproject.tar.gz dist/myproject.whl" in calls
        index = hashlib.sha256(b"{}").hexdigest()
        assert f"cosign sign --yes registry.example.com/octo-org/myproject@sha256:{index}" in calls
        assert "- Release 0.1.0" in (released.folder / "pipeline/artifacts/check tag/notes.md").read_text(
            encoding="utf-8"
        )


@pytest.mark.parametrize("host", HOSTS)
def test_a_pre_release_has_its_own_tag_alone(host: str, tmp_path: Path) -> None:
    released = Released(host, tmp_path, working_tree(), project_type="service")
    pipeline = released.run("v0.1.3rc1")
    assert tags(released.published(pipeline)) == ["0.1.3rc1"], pipeline.used
    if host == "github":
        assert any("--prerelease=true" in call for call in released.published(pipeline))


@pytest.mark.parametrize(("host", "event"), [("github", "workflow_dispatch"), ("gitlab", "pipeline")])
def test_a_weekly_build_publishes_the_image_alone_on_the_newest_base(host: str, event: str, tmp_path: Path) -> None:
    """After the tests of that release, like the first build."""
    released = Released(host, tmp_path, working_tree())
    pipeline = released.run("v0.1.0", event)
    assert "failure" not in pipeline.results.values(), pipeline.used
    calls = released.published(pipeline)
    assert tags(calls) == ["0.1.0", "0.1", "latest"]
    assert [call for call in calls if re.search("pypa|twine|release create", call)] == []


@pytest.mark.parametrize("host", HOSTS)
def test_the_schedule_starts_the_pipeline_of_the_newest_release(host: str, tmp_path: Path) -> None:
    """It skips pre-releases."""
    released = Released(host, tmp_path, working_tree())
    pipeline = released.run("main", "schedule", NEWEST="v0.1.2")
    calls = (released.folder / "calls").read_text(encoding="utf-8")
    if host == "github":
        assert "gh workflow run release.yml --ref=v0.1.2" in calls
    else:
        assert re.search(r"curl .*--form=ref=v0\.1\.2 .*/trigger/pipeline", calls)
    assert released.published(pipeline) == []


def test_a_private_repository_attests_when_asked(tmp_path: Path) -> None:
    """Its image and its packages."""
    released = Released("github", tmp_path, working_tree())
    for attest in ("", "true"):
        used = released.run("v0.1.0", PRIVATE="true", ATTEST=attest).used
        attested = {call for call in used if call.endswith("actions/attest")}
        assert attested == ({"publish-image actions/attest", "release actions/attest"} if attest else set())


def test_a_release_that_is_there_gets_the_packages(tmp_path: Path) -> None:
    """People may make it on the host, which makes the tag too."""
    released = Released("github", tmp_path, working_tree(), docker=False)
    calls = released.published(released.run("v0.1.0", RELEASED="0"))
    assert [call for call in calls if "release" in call] == [
        "gh release upload v0.1.0 --clobber dist/myproject.tar.gz dist/myproject.whl"
    ]
