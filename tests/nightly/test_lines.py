"""The generated Dockerfiles, with one thing taken out at a time: whatever it is, some check fails."""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.kit.answers import combination, combined, working_tree
from tests.kit.commands import run, write
from tests.kit.docker import RUN, build, built, context_of, image_of, images_of, need_engine, new_name
from tests.kit.image_contract import check_contract, check_facts, check_work
from tests.kit.mutants import Removal, removals
from tools.render.template import Answers, Files
from tools.repository import ROOT

BASES: list[Answers] = [{"python_version": "3.13", "base_image": base} for base in ("slim", "distroless")]
VARIANTS: dict[str, Answers] = {
    f"{kind}-{installer}-{base['base_image']}": combination(project_type=kind, installer=installer, **base)
    for base in BASES
    for installer in ("pip", "poetry")
    for kind in ("service", "package", "environment")
    if (installer, base["base_image"]) != ("poetry", "distroless")
}
PACKAGES = {"builder_packages": "git", "runtime_packages": "curl"}
VARIANTS["package-pip-slim-packages"] = combination(
    project_type="package", installer="pip", devcontainer=True, **BASES[0], **PACKAGES
)
"""Answers that together give every line which any Dockerfile can have."""

TROUBLE = re.compile(
    "no space left|cannot allocate memory|Cannot connect to the Docker daemon|failure in name resolution"
    "|Unable to fetch some archives|Max retries exceeded|Read timed out",
    re.IGNORECASE,
)
"""What tools say when the machine or its network fails."""

OLDER = "2.4.3"
"""A version of Poetry that is not the newest."""

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
"""A base that runs as root, with a package among the standard library, whose Python tells of its processes.

It is another in each run of the tests: what an earlier one has cached says nothing when it is built again.
"""

STAGE = """
import json, pathlib, pwd, shutil, sysconfig
poetry = pathlib.Path(sysconfig.get_path("purelib"), "poetry/console")
cached = [path for path in pathlib.Path("/root/.cache").rglob("*") if path.is_file()]
print(json.dumps({
    "ships": sorted({path.suffix or path.name for path in pathlib.Path("/out").rglob("*") if not path.is_dir()}),
    "pip": [str(path) for path in pathlib.Path("/").glob("*/.venv/lib/*/site-packages/pip")],
    "downloads": [str(path) for path in cached],
    "compiled": sorted(path.stem.split(".")[0] for path in poetry.rglob("*.pyc") if path.stem[:2] in ("ap", "pu")),
    "programs": [name for name in ("git", "less") if shutil.which(name)],
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
    """Return a Dockerfile whose image has no copied layer from another build.

    To BuildKit it is the same layer when only the times of files differ. It takes it from an earlier build or, even
    with `--no-cache`, from one at the same time.
    """
    own = rf"\1\nCOPY <<END /alone\n{new_name()}\nEND"
    return re.sub("^(FROM .* AS runtime)$", own, dockerfile, flags=re.MULTILINE).encode()


def check_style(answers: Answers, files: Files, folder: Path) -> None:
    """Hold a Dockerfile to what hadolint says."""
    write({"Dockerfile": files["Dockerfile"]}, folder)
    run(ROOT / ".venv/bin/hadolint", folder / "Dockerfile")


def check_stages(answers: Answers, files: Files, folder: Path) -> None:
    """Hold the stages that are not shipped to keeping no downloads, and to what each has."""
    for stage in re.findall(
        "^FROM .* AS (poetry|development|system|dependencies|project)$", files["Dockerfile"].decode(), re.MULTILINE
    ):
        with image_of(files, folder, f"--target={stage}") as image:
            facts = json.loads(run("docker", "run", "--rm", "--entrypoint=python", image, "-c", STAGE))
        assert facts["downloads"] == facts["pip"] == [], stage
        if stage == "poetry":
            assert facts["compiled"] == ["application"]
        if stage == "development":
            assert facts["programs"] == ["git"]
            assert facts["people"] == [["/bin/bash", "developer"]]
        if stage == "system":
            assert facts["ships"] == ([".pyc"] if answers["base_image"] == "distroless" else [".pyc", "passwd"])
        if stage == "dependencies":
            assert facts["programs"] == answers["builder_packages"].split()
    # The Poetry that is named is the one that is there, whichever is the newest.
    older = re.sub(r"\bpoetry==[\d.]+", f"poetry=={OLDER}", files["poetry-requirements.txt"].decode())
    with image_of({**files, "poetry-requirements.txt": older.encode()}, folder, "--target=poetry") as image:
        assert OLDER in run("docker", "run", "--rm", image, "poetry", "--version")


def check_awkward(answers: Answers, files: Files, folder: Path) -> None:
    """Hold a build to using all cores and few words, on another base, with files that are hard to read or compile."""
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
    """Hold what a build says to what is worth reading, and what it compiles to all cores."""
    assert "Listing" not in log
    assert "Available commands" not in log
    steps = dict(re.findall(r"^#(\d+) (\[.*\] RUN .*)$", log, re.MULTILINE))
    compiling = {number for number, step in steps.items() if "compileall" in step and "[dependencies " in step}
    cached = set(re.findall(r"^#(\d+) CACHED$", log, re.MULTILINE))
    assert compiling - cached <= set(re.findall(r"^#(\d+) .*a process of its own$", log, re.MULTILINE))


def check_refusals(answers: Answers, files: Files, folder: Path) -> None:
    """Hold a build to stopping where it cannot verify, or another package or Python is there than was meant."""
    dockerfile = files["Dockerfile"].decode()
    if "poetry export" in dockerfile and answers["project_type"] != "package":
        unverified = dockerfile.replace("poetry export", "poetry export --without-hashes").encode()
        words = "Hashes are required in --require-hashes mode"
        refused({**files, "Dockerfile": unverified}, folder, words, "dependencies")
    if answers["project_type"] != "package":
        lock = re.sub(rb"sha256:[0-9a-f]{8}", b"sha256:00000000", files["poetry.lock"])
        refused({**files, "poetry.lock": lock}, folder, "not match", "dependencies")
    if answers["base_image"] == "slim":
        image = f"--build-arg=PYTHON_IMAGE={images_of({'python_version': '3.11'})['PYTHON_IMAGE']}"
        if answers["project_type"] != "environment" and answers["installer"] == "pip":
            refused(files, folder, "requires a different Python", "project", image)
        else:
            refused(files, folder, "Python version", "dependencies", image)


def refused(files: Files, folder: Path, words: str, stage: str, *options: str) -> None:
    """Build a stage that must not come about."""
    result = build(write(files, folder), f"--target={stage}", *options)
    assert result.returncode != 0
    assert words.casefold() in result.stdout.casefold()


def check_image(answers: Answers, files: Files, folder: Path) -> None:
    """Hold an image to its contract."""
    check_contract(answers, {**files, "Dockerfile": alone(files["Dockerfile"].decode())}, folder)


# All of them are made until one fails, so that their order costs or saves time and nothing else.
CHECKS: list[Callable[[Answers, Files, Path], Any]] = [
    check_style,
    check_awkward,
    check_stages,
    check_refusals,
    check_image,
]
LIKELY = {"poetry": check_stages, "development": check_stages, "requirements": check_refusals, "runtime": check_image}
"""The check that tells most of what may be missing in a stage, where that is not the first which builds."""

QUICKEST = ["package", "service", "environment"]
"""The kinds of projects, by how long their checks take."""

QUICKEST_WITH_PACKAGES = ["service", "environment", "package"]
"""The same for the stages of the locked packages, of which a package has none that could tell."""

TELLING = {"-x /tests/": "environment"}
"""The kind of project that tells of what is missing, where only one does."""


def what_fails(stage: str, answers: Answers, files: Files, folder: Path) -> str | None:
    """Return the name of the first check that fails, if any does, when something is missing in a stage."""
    for number, check in enumerate(sorted(CHECKS, key=lambda check: check not in (check_style, LIKELY.get(stage)))):
        try:
            check(answers, files, folder / str(number))
        except (AssertionError, LookupError, TypeError, ValueError) as failure:
            # Such as facts that cannot be read, as nothing was written; but a machine in trouble proves nothing.
            if TROUBLE.search(str(failure)):
                pytest.fail(f"The machine failed, and no check:\n{failure}")
            return check.__name__
    return None


def order(removal: Removal) -> list[str]:
    """Return the kinds of projects in which something is taken out, in their order."""
    kinds = QUICKEST_WITH_PACKAGES if removal.stage in ("requirements", "dependencies") else QUICKEST
    return [TELLING.get(removal.what, kinds[0]), *kinds]


def cases() -> Iterator[Any]:
    """Give everything that can be taken out of some Dockerfile, once, with each project that has it."""
    projects: dict[tuple[str, str, str], list[tuple[Answers, Files]]] = {}
    orders: dict[tuple[str, str, str], list[str]] = {}
    names: dict[tuple[str, str, str], str] = {}
    for variant, answers in VARIANTS.items():
        files = context_of(working_tree().render(answers))
        for removal in removals(files["Dockerfile"].decode()):
            key = (removal.stage, removal.instruction, removal.rest)
            lacking = {**files, "Dockerfile": removal.dockerfile.encode()}
            projects.setdefault(key, []).append((answers, lacking))
            orders[key] = order(removal)
            words = " ".join(removal.what.split())[:40]
            names.setdefault(key, f"{variant}-{removal.stage}-{len(names)}-{words}")
    for key, those in projects.items():
        those.sort(key=lambda project: orders[key].index(project[0]["project_type"]))
    return (pytest.param(key[0], those, id=names[key]) for key, those in projects.items())


def lines(answers: Answers) -> set[str]:
    """Return the lines of a Dockerfile for one of the Pythons."""
    return set(working_tree().render({**answers, "python_version": "3.13"})["Dockerfile"].decode().splitlines())


def test_every_line_is_tried() -> None:
    """But for those of a private index, which test_index.py tries."""
    every = combined("project_type", "installer", "base_image", "devcontainer", *PACKAGES)
    found = set().union(*(lines(answers) for answers in every if answers["docker"]))
    assert found == set().union(*map(lines, VARIANTS.values()))


@pytest.mark.parametrize("answers", VARIANTS.values(), ids=VARIANTS)
def test_nothing_fails_as_long_as_nothing_is_missing(answers: Answers, tmp_path: Path) -> None:
    need_engine(answers)
    files = context_of(working_tree().render(answers))
    for number, check in enumerate(CHECKS):
        check(answers, files, tmp_path / str(number))


@pytest.mark.parametrize(("stage", "projects"), list(cases()))
def test_something_fails_when_it_is_taken_out(
    stage: str, projects: list[tuple[Answers, Files]], tmp_path: Path
) -> None:
    """In some project that has it."""
    need_engine(projects[0][0])
    assert any(
        what_fails(stage, answers, files, tmp_path / str(number)) for number, (answers, files) in enumerate(projects)
    )


def test_a_machine_in_trouble_is_no_failed_check(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def build(*_: object) -> None:
        raise AssertionError("write /out: no space left on device")

    monkeypatch.setattr("tests.nightly.test_lines.CHECKS", [build])
    with pytest.raises(pytest.fail.Exception, match="The machine failed"):
        what_fails("", {}, {}, tmp_path)
