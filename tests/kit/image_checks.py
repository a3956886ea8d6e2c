"""Checks of a Dockerfile: with one thing taken out of it, one of them fails with a ProductError."""

import json
import re
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.kit.answers import combination, working_tree
from tests.kit.commands import POETRY, read, run, write
from tests.kit.day_two import library, serve_files, serve_repository, version_by_git
from tests.kit.docker import RUN, built, context_of, docker, image_of, images_of, lint, need_engine, new_name, refused
from tests.kit.experiments import environment
from tests.kit.image_contract import check_contract, check_facts, check_work
from tests.kit.private_index import serve_refusals
from tests.kit.verdicts import ProductError, expect, expect_equal
from tools.lock.tool_store import compile_tool
from tools.render.template import Answers, Files

Check = Callable[[Answers, Files, Path], Any]

DEVCONTAINER = ".devcontainer/Dockerfile"
OLDER = "2.4.3"
"""A version of Poetry that is not the newest."""

POETRY_TXT = ".tools/poetry.txt"
COMPILATION = ("uv", "pip", "compile", "--universal", "--python-version=3.11", "--generate-hashes")

# https://docs.python.org/3/library/os.html#os.register_at_fork, and on with the module that this one hides.
SPY = f"""
# In one run of the tests, {RUN}
import os, sys
os.register_at_fork(after_in_child=lambda: os.write(2, b"a process of its own\\n"))
sys.path.remove("/spy")
del sys.modules["sitecustomize"]
try:
    import sitecustomize
except ImportError:
    pass
"""

AWKWARD = """
ARG BASE
FROM $BASE
USER root
COPY spy.py /spy/sitecustomize.py
ENV PYTHONPATH=/spy
COPY spy.py /usr/lib/python3.13/site-packages/spy.py
COPY spy.py /usr/local/lib/python3.13/site-packages/spy.py
"""
"""A base that runs as root, with a package among the standard library, whose Python reports its processes.

It differs in each run of the tests: a build cached by an earlier run would report nothing.
"""

STAGE = """
import json, pathlib, pwd, shutil, sysconfig
poetry = pathlib.Path(sysconfig.get_path("purelib"), "poetry/console")
cached = [path for path in pathlib.Path("/root/.cache").rglob("*") if path.is_file() and "virtualenv" not in path.parts]
environments = [path for path in pathlib.Path("/").glob("*/.venv") if not path.is_symlink()]
lists = [path for path in pathlib.Path("/var/lib/apt/lists").rglob("*") if path.is_file() and path.stat().st_size]
print(json.dumps({
    "ships": sorted({path.suffix or path.name for path in pathlib.Path("/out").rglob("*") if not path.is_dir()}),
    "pip": [str(path) for environment in environments for path in environment.glob("lib/*/site-packages/pip")],
    "downloads": [str(path) for path in cached + lists],
    "compiled": sorted(path.stem.split(".")[0] for path in poetry.rglob("*.pyc") if path.stem[:2] in ("ap", "pu")),
    "programs": [name for name in ("curl", "git", "less") if shutil.which(name)],
    "people": [[user.pw_shell, pathlib.Path(user.pw_dir).owner()] for user in pwd.getpwall() if user.pw_uid == 1000],
}))
"""


@cache
def awkward(base: str) -> str:
    """Return the name of a base image that is as different as a base may be."""
    name = new_name()
    with TemporaryDirectory() as folder:
        write({"Dockerfile": AWKWARD.encode(), "spy.py": SPY.encode()}, Path(folder))
        run("docker", "build", "--quiet", f"--build-arg=BASE={base}", f"--tag={name}", folder)
    return name


def alone(dockerfile: str) -> bytes:
    """Return a Dockerfile whose image shares no copied layer with another build.

    To BuildKit it is the same layer if only the times of files differ. It takes it from an earlier build or, even
    with `--no-cache`, from one at the same time.
    """
    own = rf"\1\nCOPY <<END /alone\n{new_name()}\nEND"
    return re.sub("^(FROM .* AS runtime)$", own, dockerfile, flags=re.MULTILINE).encode()


def check_names(dockerfile: str) -> None:
    """Check that a Dockerfile starts and copies from earlier stages and arguments only: other names would be pulled."""
    known, stage = set(), ""
    for kind, name, alias in re.findall(r"(?m)^(ARG|FROM|COPY --from=)[ ]?([^\s=]+)(?:=\S+| AS (\w+))?", dockerfile):
        if kind == "ARG":
            known.add(f"${{{name}}}")
            continue
        if kind == "FROM":
            known.add(stage)
            stage = alias
        expect(name in known, f"{kind} {name} names no argument and no earlier stage.")


def check_style(answers: Answers, files: Files, folder: Path) -> None:
    """Check a Dockerfile with hadolint."""
    check_names(files["Dockerfile"].decode())
    lint(write({"Dockerfile": files["Dockerfile"]}, folder) / "Dockerfile")


def stage_facts(image: str) -> Any:
    """Return the facts about the image of a stage."""
    facts = json.loads(docker("run", "--rm", "--entrypoint=python", image, "-c", STAGE))
    expect_equal(facts["downloads"], [], "downloads")
    expect_equal(facts["pip"], [], "pip in the environment")
    return facts


def check_stages(answers: Answers, files: Files, folder: Path) -> None:
    """Check that the builder stages keep no downloads, and check the content of each."""
    for stage in re.findall(
        "^FROM .* AS (builder|poetry|library|dependencies|project)$", files["Dockerfile"].decode(), re.MULTILINE
    ):
        with image_of(files, folder, f"--target={stage}") as image:
            facts = stage_facts(image)
        if stage == "poetry":
            expect_equal(facts["compiled"], ["application"], "compiled modules of Poetry")
        expect_equal(facts["programs"], answers["builder_packages"].split(), f"programs in {stage}")
        if stage == "library":
            expect_equal(facts["ships"], [".pyc"], "files of the library")
    check_poetry_pin(files, folder, "--target=poetry")


def check_poetry_pin(files: Files, folder: Path, *options: str) -> None:
    """Check that a build installs the pinned Poetry, and refuses packages without a hash or a wheel."""
    unverified = f"poetry=={OLDER}\n".encode()
    source = write({"poetry.in": unverified}, folder / "older")
    older = compile_tool(source, [*COMPILATION, "--output-file=poetry.txt", "poetry.in"])
    with image_of({**files, POETRY_TXT: older.encode()}, folder, *options) as image:
        output = docker("run", "--rm", image, "poetry", "--version")
        expect(OLDER in output, output)
    write({**files, POETRY_TXT: unverified}, folder / "unverified")
    refused(folder / "unverified", "Hashes are required in --require-hashes mode", *options)
    archive = b"A source archive whose build would install packages without a hash."
    write({"simple/poetry/poetry-99.tar.gz": archive}, folder / "index")
    pinned = f"poetry==99 --hash=sha256:{sha256(archive).hexdigest()}\n".encode()
    with serve_files(folder / "index") as address:
        index = f"--index-url {address}/simple\n".encode()
        write({**files, POETRY_TXT: index + pinned}, folder / "archive")
        refused(folder / "archive", "No matching distribution found for poetry==99", "--network=host", *options)


def check_awkward(answers: Answers, files: Files, folder: Path) -> None:
    """Check that a build uses all cores and few words, on another base, with files that are hard to read or compile."""
    dockerfile = re.sub(
        r"(&& \{? ?python -m compileall [^\n]*/app/\.venv)",
        r"&& echo 'def' > $(find /app/.venv -name site-packages)/broken.py \\\n    \1",
        files["Dockerfile"].decode(),
    )
    write({**files, "Dockerfile": alone(dockerfile)}, folder)
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    bases = [f"--build-arg={argument}={awkward(image)}" for argument, image in images_of(answers).items()]
    with built(folder, *bases) as (image, log):
        check_words(log)
        check_facts(image, answers, files, ignore=("broken",))
        check_work(image, answers["project_type"])


def check_words(log: str) -> None:
    """Check that a build says nothing superfluous, installs no build backend, and compiles with all cores."""
    expect("Listing" not in log, log)
    expect("Available commands" not in log, log)
    # Else the build backend would be the newest one, which nobody has pinned.
    expect("Installing build dependencies" not in log, log)
    steps = dict(re.findall(r"^#(\d+) (\[.*\] RUN .*)$", log, re.MULTILINE))
    compiling = {number for number, step in steps.items() if "compileall" in step and "[dependencies " in step}
    cached = set(re.findall(r"^#(\d+) CACHED$", log, re.MULTILINE))
    several = set(re.findall(r"^#(\d+) .*a process of its own$", log, re.MULTILINE))
    expect(compiling - cached <= several, "One process compiles the dependencies.")


def check_refusals(answers: Answers, files: Files, folder: Path) -> None:
    """Check that a build stops if it cannot verify a package, or if the package or the Python is not the expected one."""
    dockerfile = files["Dockerfile"].decode()
    by_pip = answers["installer"] == "pip"
    if answers["project_type"] != "package":
        lock = re.sub(rb"sha256:[0-9a-f]{8}", b"sha256:00000000", files["poetry.lock"])
        changed = write({**files, "poetry.lock": lock}, folder / "changed")
        words = "DO NOT MATCH THE HASHES" if by_pip else "did not match any known checksums in your lock file"
        refused(changed, words, "--target=dependencies")
        if by_pip:
            unverified = dockerfile.replace("poetry export", "poetry export --without-hashes").encode()
            write({**files, "Dockerfile": unverified}, folder / "unverified")
            words = "Hashes are required in --require-hashes mode"
            refused(folder / "unverified", words, "--target=dependencies")
    for stage in ("poetry", *(["dependencies"] if by_pip and answers["project_type"] != "package" else [])):
        check_never_asks(files, "Dockerfile", f" AS {stage}\n", folder / stage, f"--target={stage}")
    if answers["base_image"] == "slim":
        image = f"--build-arg=PYTHON_IMAGE={images_of({'python_version': '3.11'})['PYTHON_IMAGE']}"
        write(files, folder / "python")
        words = r"Python version \(?3\.11\.\d+\)? is not (allowed|supported) by the project \(>=3\.13(,<3\.14)?\)"
        in_project = answers["project_type"] != "environment" and by_pip
        refused(folder / "python", words, f"--target={'project' if in_project else 'dependencies'}", image)


def check_never_asks(files: Files, path: str, line: str, folder: Path, *options: str) -> None:
    """Check that a build stops, and that pip does not ask a user who is not there, if the index requires a login.

    Args:
        files: The build context.
        path: The Dockerfile.
        line: The line after which pip gets the index from its environment.
        folder: An empty folder.
        options: Options of `docker build`.
    """
    with serve_refusals() as url:
        dockerfile = files[path].decode().replace(line, f"{line}ENV PIP_INDEX_URL={url} PIP_NO_CACHE_DIR=1\n", 1)
        assert url in dockerfile
        write({**files, path: dockerfile.encode()}, folder)
        refused(folder, "No matching distribution found", "--network=host", *options)


def check_git(answers: Answers, files: Files, folder: Path) -> None:
    """Check that packages from a private repository are installed at their commit, each alone, and compiled.

    The stage leaves a package in a folder to the stage of the project. One of the packages depends on a branch of the
    other. Without --no-deps, pip would refuse that beside a commit.
    """
    if "git" not in answers["builder_packages"]:
        return
    served, login = folder / "served", folder / ".netrc"
    write({".netrc": b"machine 127.0.0.1 login ada password secret\n"}, folder)
    with serve_files(served, "ada:secret") as address:
        serve_repository(served, "other")
        serve_repository(served, "remote", f'"other @ git+{address}/other.git@main"')
        project = write(files, folder / "project")
        options = ("--network=host", f"--secret=id=netrc,src={login}", "--target=dependencies")
        variables = environment(HOME=str(folder))
        library(project, "local")
        run(POETRY, "add", "--lock", f"git+{address}/remote.git", "./libs/local", cwd=project, env=variables)
        with built(project, *options) as (image, _):
            stage_facts(image)
            # The flags of compiled modules: https://peps.python.org/pep-0552/
            pattern = "/out/app/.venv/lib/*/site-packages/[or]*/__pycache__/*.pyc"
            program = f"import glob; print(*(open(path, 'rb').read()[4] for path in glob.glob('{pattern}')))"
            flags = docker("run", "--rm", "--entrypoint=python", image, "-c", program)
            expect_equal(flags, "1 1\n", "compiled modules")
        if answers["installer"] == "pip":
            changed = read(project)
            check_never_asks(changed, "Dockerfile", " AS dependencies\n", folder / "asks", *options)


def check_image(answers: Answers, files: Files, folder: Path) -> None:
    """Check an image by its contract."""
    check_contract(answers, {**files, "Dockerfile": alone(files["Dockerfile"].decode())}, folder)


def check_devcontainer(answers: Answers, files: Files, folder: Path) -> None:
    """Check the image of the dev container: Debian packages, the pinned Poetry, no downloads, a user with a home."""
    write(files, folder)
    option = f"--file={folder / DEVCONTAINER}"
    check_names(files[DEVCONTAINER].decode())
    lint(folder / DEVCONTAINER)
    with built(folder, option) as (image, _):
        facts = stage_facts(image)
        packages = f"git {answers['builder_packages']} {answers.get('runtime_packages', '')}"
        expect_equal(facts["programs"], sorted(set(packages.split())), "programs")
        expect_equal(facts["people"], [["/bin/bash", "developer"]], "users")
    check_poetry_pin(files, folder, option)
    start = f"COPY {POETRY_TXT} /build/\n"
    check_never_asks(files, DEVCONTAINER, start, folder / "asks", f"--file={folder / 'asks' / DEVCONTAINER}")


def check_version(answers: Answers, files: Files, folder: Path) -> None:
    """Check that a build without Git has the version that is passed, and keeps no download of its build system."""
    if answers["project_type"] == "environment":
        return
    version_by_git(write(files, folder))
    with built(folder, "--target=project", "--build-arg=VERSION=1.4.2") as (image, _):
        stage_facts(image)
        command = ("--entrypoint=sh", image, "-c", "cd /out/app/.venv/lib/*/site-packages && ls -d myproject-*")
        expect_equal(docker("run", "--rm", *command), "myproject-1.4.2.dist-info\n", "distributions")


SLOW_CHECKS: list[Check] = [check_image, check_git, check_version]
"""Checks of features that `make test` checks in other tests."""

IMAGE_CHECKS: list[Check] = [check_style, check_awkward, check_stages, check_refusals, *SLOW_CHECKS]


LIKELY = {
    "builder": check_stages,
    "poetry": check_stages,
    "library": check_stages,
    "requirements": check_refusals,
    "runtime": check_image,
}
"""The check that notices most mutants of a stage, if it is not the first that builds."""


def failed_check(checks: list[Check], stage: str, answers: Answers, files: Files, folder: Path) -> str | None:
    """Return the name of the first check that finds the product wrong, if any does.

    Any other error is one of the check or of the machine, and no verdict about the product.
    """
    for number, check in enumerate(sorted(checks, key=lambda check: check not in (check_style, LIKELY.get(stage)))):
        try:
            check(answers, files, folder / str(number))
        except ProductError:
            return check.__name__
    return None


def variants() -> dict[str, Answers]:
    """Return answers that together give every line of every Dockerfile, except those for a private index."""
    found = {
        f"{kind}-{installer}-{base}": combination(
            project_type=kind, installer=installer, base_image=base, python_version="3.13"
        )
        for base, installers in (("slim", ("pip", "poetry")), ("distroless", ("pip",)))
        for installer in installers
        for kind in ("service", "package", "environment")
    }
    packages = {"builder_packages": "git", "runtime_packages": "curl", "devcontainer": True}
    found["package-pip-slim-packages"] = combination(project_type="package", python_version="3.13", **packages)
    distroless = {"base_image": "distroless", "python_version": "3.13", "installer": "poetry"}
    git = {"builder_packages": "git", "devcontainer": True}
    found["package-poetry-distroless"] = combination(project_type="package", **distroless, **git)
    return found


CHOSEN = ("service-pip-slim",)
"""Variants that `make test` checks. The nightly tests check the others."""


def check_variant(answers: Answers, folder: Path) -> None:
    """Run all checks on a variant, except the slow ones."""
    need_engine(answers)
    files = context_of(working_tree().render(answers))
    checks = [check for check in IMAGE_CHECKS if check not in SLOW_CHECKS]
    if DEVCONTAINER in files:
        checks = [*checks, check_devcontainer]
    for number, check in enumerate(checks):
        check(answers, files, folder / str(number))
