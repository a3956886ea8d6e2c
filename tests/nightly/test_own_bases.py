"""Images on base images of an organisation: with an older pip, and with a corporate certificate."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.additional_index import check_origins, mixed, private_packages, with_files_of
from tests.kit.answers import combination, working_tree
from tests.kit.commands import run, write
from tests.kit.docker import (
    base_of,
    context_of,
    image_of,
    images_of,
    inspect,
    layers,
    need_engine,
    on_own_bases,
    pip_of,
    refused,
)
from tests.kit.image_contract import check_contract
from tests.kit.private_image import trusted
from tests.kit.private_index import Index, with_secret
from tests.kit.secure_index import CA, serve_securely
from tools.render.template import Files

INSTALLERS = ["pip", "poetry"]

OLDER_PIPS = {"3.11": "24.0", "3.12": "25.0.1"}
"""The pip of the official images, by their Python."""

Mixed = tuple[Index, Files, str]


@pytest.mark.parametrize("installer", INSTALLERS)
@pytest.mark.parametrize("version", OLDER_PIPS)
def test_the_pip_of_the_official_images_is_enough(version: str, installer: str, tmp_path: Path) -> None:
    """Stand-ins for these images have the newest one."""
    answers = combination(project_type="service", installer=installer, base_image="slim", python_version=version)

    def recipe(image: str) -> str:
        # Older pips ignore the certificates of the system, as docs/networks.md says. The base keeps no bytecode.
        trust = "ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt"
        install = "python -B -m pip install --no-cache-dir --no-compile --root-user-action=ignore"
        return f"FROM {image}\n{trust}\nRUN {install} pip=={OLDER_PIPS[version]}\n"

    with on_own_bases(answers, recipe, {}) as ours:
        assert pip_of(base_of(ours)) == OLDER_PIPS[version]
        check_contract(ours, context_of(working_tree().render(ours)), tmp_path)


@pytest.mark.parametrize("base", ["slim", "distroless"])
def test_an_image_is_built_on_base_images_of_an_organisation(base: str, tmp_path: Path) -> None:
    """These run as root and have other names."""
    answers = combination(project_type="service", base_image=base, python_version="3.13")
    need_engine(answers)
    arguments = []
    for argument, image in images_of(answers).items():
        own = f"copier-poetry-docker-own/{argument.lower()}"
        recipe = f"FROM {image}\nUSER 0:0\nENV OWN=1\n"
        run("docker", "build", "--quiet", f"--tag={own}", "-", input=recipe)
        arguments.append(f"--build-arg={argument}={own}")
    with image_of(working_tree().render(answers), tmp_path, *arguments) as image:
        configuration = inspect(image)["Config"]
        assert "OWN=1" in configuration["Env"]
        assert configuration["User"] in ("10001:10001", "65532:65532")
        assert layers(image, arguments[-1].split("=")[-1])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mixed]:
    """Serve an index in a corporate network, and give a package with a dependency of it, and a registry."""
    folder = tmp_path_factory.mktemp("network")
    with (
        serve_securely(folder, private_packages(folder / "packages")) as index,
        trusted({"python_version": "3.13"}, folder) as registry,
        pytest.MonkeyPatch.context() as monkeypatch,
    ):
        monkeypatch.setenv("POETRY_CERTIFICATES_PRIVATE_CERT", str(folder / CA))
        yield index, mixed(index, folder, monkeypatch), registry


@pytest.mark.parametrize("installer", INSTALLERS)
def test_an_image_is_built_with_a_corporate_certificate(installer: str, project: Mixed, tmp_path: Path) -> None:
    """On the base image of docs/networks.md."""
    index, files, registry = project
    check_origins(installer, index, files, tmp_path, base_registry=registry)


@pytest.mark.parametrize("installer", INSTALLERS)
def test_an_image_is_not_built_without_the_certificate(installer: str, project: Mixed, tmp_path: Path) -> None:
    index, files, _ = project
    answers = {"installer": installer, "package_index": "additional", "package_index_url": index.url}
    files = with_files_of(files, **answers)
    options = with_secret(files, index.netrc, tmp_path)
    words = {"pip": "CERTIFICATE_VERIFY_FAILED", "poetry": "All attempts to connect to .* failed"}[installer]
    refused(
        write(files, tmp_path / "project"), words, "--no-cache-filter=dependencies", "--target=dependencies", *options
    )
