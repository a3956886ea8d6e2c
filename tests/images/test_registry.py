"""Images from an organisation's registry: every image name in every file, and a build on them."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kit.answers import KINDS, working_tree
from tests.kit.ci_runner import SECRET, steps
from tests.kit.commands import run, write
from tests.kit.docker import context_of, image_of, images_of, layers, lint, mirrored
from tools.render.template import Answers, Files

REGISTRY = "registry.octo.example/mirror"
SLIM = {"project_type": "package", "python_version": "3.13"}
DISTROLESS = {**SLIM, "base_image": "distroless"}

HOST = re.compile(r"^[\w.]+\.\w+/")
"""The registry in the name of an image."""

FOR_BUILDS = re.compile(r"(?:--driver-opt=image|--sbom=generator)=(\S+)")
"""Names an image that builds images."""

PUBLIC = re.compile(
    r"(?<![\w./-])(?:gcr\.io/|registry\.gitlab|sigstore/|distroless/|(?:python|debian|docker(?!:pinDigests)|moby|docker/[\w-]+):)(?=[\w$.])"
    "|buildx create --use|--sbom=true"
)
"""Finds names of images in public registries, and options with which Docker pulls an image of its own choice."""


def images_in(files: Files) -> set[str]:
    """Return the names of all images in the files of a repository."""
    found = set(FOR_BUILDS.findall(b"".join(files.values()).decode()))
    found |= set(re.findall(r"(?m)^ARG \w+_IMAGE=(.*)", files.get("Dockerfile", b"").decode()))
    for job in yaml.load(files.get(".gitlab-ci.yml", b"{}"), yaml.CSafeLoader).values():
        if isinstance(job, dict):
            named = [*job.get("services", ()), *([job["image"]] if "image" in job else [])]
            found |= {one if isinstance(one, str) else one["name"] for one in named}
    return found


def not_lock(path: str) -> bool:
    """Leave out the lock file, which takes longest to render and names no image."""
    return path != "poetry.lock"


def every_combination() -> list[Answers]:
    """List the combinations of answers that decide which files name images."""
    told = ("project_type", "repository_host", "docker", "base_image", "base_registry")
    return [
        one.asked for one in working_tree().product({"base_registry": [REGISTRY]}, told) if "base_registry" in one.asked
    ]


def test_every_image_of_every_file_comes_from_the_registry() -> None:
    """They are the images of a repository without the registry, and the images that build images."""
    combinations = every_combination()
    assert combinations
    for answers in combinations:
        files = working_tree().render(answers, not_lock)
        named = images_in(files)
        assert named
        assert all(image.startswith(f"{REGISTRY}/") for image in named), answers
        assert not [path for path, content in files.items() if PUBLIC.search(content.decode()) and path != "README.md"]
        usual = images_in(working_tree().render({**answers, "base_registry": ""}, not_lock))
        same = {f"{REGISTRY}/{re.sub(HOST, '', image)}" for image in usual}
        builders = {f"{REGISTRY}/moby/buildkit:buildx-stable-1", f"{REGISTRY}/docker/buildkit-syft-scanner:stable-1"}
        built_by_ci = answers["docker"] and answers["repository_host"] != "none"
        assert named == (same | builders if built_by_ci else same)


def test_names_from_public_registries_are_seen() -> None:
    for text in (
        "image: docker:29",
        "=python:3.14-slim",
        "gcr.io/distroless/x",
        "=docker/buildkit-syft-scanner:stable-1",
    ):
        assert PUBLIC.search(text), text
    for text in (f"={REGISTRY}/python:3.14", "Programming Language :: Python :: 3", 'services: {"docker"}'):
        assert not PUBLIC.search(text), text


def test_the_engine_of_a_job_is_found_wherever_its_image_comes_from() -> None:
    """Docker looks for it under a fixed name, which GitLab would derive from the image's name."""
    files = working_tree().render({"repository_host": "gitlab", "base_registry": REGISTRY})
    [service] = yaml.safe_load(files[".gitlab-ci.yml"])[".docker"]["services"]
    assert service["alias"] == "docker"


@pytest.mark.parametrize("workflow", ["ci", "release"])
@pytest.mark.parametrize("secret", ["", '{"auths": {"registry.octo.example": {"auth": "dXNlcjpwYXNz"}}}'])
def test_a_job_logs_in_to_the_registry(workflow: str, secret: str, tmp_path: Path) -> None:
    """Before any other command of Docker. Without the secret, the configuration of Docker stays as it is."""
    files = working_tree().render({"base_registry": REGISTRY})
    job = yaml.safe_load(files[f".github/workflows/{workflow}.yml"])["jobs"]["image"]
    [first, *_] = [(text, more) for text, more in steps(job) if "docker" in text]
    environment = {name: SECRET.sub(lambda _: secret, value) for name, value in first[1].items()}
    run("bash", "-ec", first[0], env={**environment, "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    written = tmp_path / ".docker/config.json"
    assert written.exists() == bool(secret)
    if secret:
        assert written.read_text(encoding="utf-8").strip() == secret
        assert written.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", KINDS)
def test_the_readme_says_where_images_come_from(kind: str) -> None:
    answers: dict[str, Any] = {"project_type": kind, "base_registry": "registry.octo.example:5000/mirror"}
    for host in ("github", "gitlab", "none"):
        readme = working_tree().render({**answers, "repository_host": host})["README.md"].decode()
        assert "`docker login registry.octo.example:5000`" in readme
        assert ("`DOCKER_AUTH_CONFIG`" in readme) == (host != "none")
        assert readme.count("`hostRules`") == (host != "none")
    assert "DOCKER_AUTH_CONFIG" not in working_tree().render({**answers, "base_registry": ""})["README.md"].decode()


def test_hadolint_has_nothing_to_say(tmp_path: Path) -> None:
    for number, answers in enumerate((SLIM, DISTROLESS)):
        write(
            {f"{number}/Dockerfile": working_tree().render({**answers, "base_registry": REGISTRY})["Dockerfile"]},
            tmp_path,
        )
    lint(*tmp_path.glob("*/Dockerfile"))


def test_an_image_is_built_on_that_of_the_registry(tmp_path: Path) -> None:
    """Under a name that no other registry has."""
    with (
        mirrored({**SLIM, "base_registry": REGISTRY}) as answers,
        image_of(context_of(working_tree().render(answers)), tmp_path) as image,
    ):
        [base] = images_of(answers).values()
        assert base.startswith("registry.octo.example/mirror/")
        assert run("docker", "run", "--rm", image) == "Hello, World!\n"
        assert layers(image, base)
