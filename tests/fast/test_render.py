"""The rendered files: one variant of each shape, and their agreement with the answers and with each other."""

import os
import re
import tomllib
from pathlib import Path

import pytest
import time_machine
import yaml

from tests.kit.answers import EXAMPLES, KINDS, NEEDED, PUBLIC, working_tree
from tests.kit.batches import check_commands, check_dockerfiles, check_poetry, check_python
from tests.kit.commands import COPIER, read, run, write
from tests.kit.consistency import LICENSES, check_source
from tests.kit.rendered_files import (
    ANSWERS,
    DOCKERFILE,
    PYPROJECT,
    README,
    check,
    every_answer,
    shapes,
    sources,
    variants_of,
    without_source,
)
from tools.render.template import Answers, Template, copy_parts
from tools.render.variants import Variants
from tools.repository import ROOT


@pytest.mark.cases("source", sources)
def test_every_shape_of_every_file_is_whole_and_agrees_with_the_answers(source: str) -> None:
    check_source(shapes(), source)


def test_the_answers_file_has_an_entry_for_each_answer() -> None:
    entry = working_tree().environment.filters["to_nice_yaml"]
    for combination in every_answer():
        asked = combination.asked
        content = shapes().content(ANSWERS, combination)
        check(".copier-answers.yml", content, tuple(map(str, asked.values())))
        _, _, entries = content.decode().partition("\n_src_path: ")[2].partition("\n")
        assert entries == "".join(entry({question: asked[question]}) for question in sorted(asked))
        assert yaml.safe_load(entries) == asked


def test_hadolint_accepts_every_dockerfile(tmp_path: Path) -> None:
    check_dockerfiles(variants_of(DOCKERFILE, every_answer()), tmp_path)


def test_poetry_accepts_every_pyproject(tmp_path: Path) -> None:
    check_poetry(shapes(), variants_of(PYPROJECT, every_answer()), tmp_path)


def test_all_python_is_formatted_and_linted(tmp_path: Path) -> None:
    check_python(shapes(), tmp_path)


def test_shellcheck_accepts_the_commands_of_every_readme(tmp_path: Path) -> None:
    check_commands(variants_of(README, every_answer()), tmp_path)


def test_variants_are_what_copier_renders() -> None:
    """For every answer with all texts; nightly for every two answers."""
    for combination in every_answer():
        whole = working_tree().render(combination.asked)
        assert without_source(shapes().files(combination)) == without_source(whole), combination.asked


def test_a_read_of_no_answer_is_an_error(tmp_path: Path) -> None:
    template = altered(tmp_path, "template/README.md.jinja", "{{ project_name }}", "{{ _copier_python }}")
    with pytest.raises(ValueError, match="_copier_python is read, but is no answer"):
        Variants(template).of(README)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("author_name", ["", "Ada Lovelace"])
@pytest.mark.parametrize("author_email", ["", "ada@example.org"])
def test_texts_may_be_empty(kind: str, author_name: str, author_email: str) -> None:
    authors = {"author_name": author_name, "author_email": author_email}
    files = working_tree().render({"project_type": kind, "project_description": "", **authors})
    for path, content in files.items():
        check(path, content)
    assert files["README.md"].startswith(b"# myproject\n\n## Develop\n")
    author = {key.removeprefix("author_"): value for key, value in authors.items() if value}
    assert tomllib.loads(files["pyproject.toml"].decode())["project"].get("authors", [{}]) == [author]


def reasons() -> str:
    """Return the rows of the page that lists the files of a new repository."""
    lines = (ROOT / "docs/files.md").read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if line.startswith("|"))


def always_there() -> set[str]:
    """Return the files that always exist, by that page."""
    rows = re.findall(r"(?m)^\| (.*?) \| .* \| always \|$", reasons())
    return {path for row in rows for path in re.findall("`(.*?)`", row)}


def files_of(answers: Answers) -> set[str]:
    """Return the files that some answers should give."""
    kind, docker = answers["project_type"], answers["docker"]
    host, updates = answers["repository_host"], answers.get("dependency_updates")
    published = kind == "package" and answers["license"] != "Proprietary" and answers["package_index"] == "public"
    files = always_there()
    if kind == "environment":
        files |= {"scripts/summary.py", "tests/test_summary.py"}
    else:
        files |= {"src/myproject/__init__.py", "src/myproject/__main__.py", "src/myproject/py.typed"}
    if kind == "package":
        files |= {"src/myproject/cli.py", "tests/test_cli.py"}
    if kind == "service":
        files |= {"src/myproject/app.py", "src/myproject/settings.py", "tests/test_app.py"}
    if docker:
        files |= {".docker/packages.py", ".dockerignore", "Dockerfile"}
    if docker and kind != "package":
        files.add("compose.yaml")
    if docker or host != "none":
        files |= {".tools/poetry.in", ".tools/poetry.txt"}
    if host != "none" and updates != "renovate":
        files |= {".tools/copier.in", ".tools/copier.txt"}
    if host != "none" or answers["author_email"]:
        files.add("SECURITY.md")
    if host == "github":
        files |= {".github/workflows/ci.yml", ".github/workflows/release.yml"}
        if updates != "renovate":
            files.add(".github/workflows/template.yml")
    if host == "github" and answers.get("docs"):
        files.add(".github/workflows/docs.yml")
    if host == "gitlab":
        files.add(".gitlab-ci.yml")
        if published:
            files |= {".tools/twine.in", ".tools/twine.txt"}
    files |= {"renovate": {"renovate.json"}, "dependabot": {".github/dependabot.yml"}}.get(str(updates), set())
    if answers.get("docs"):
        files |= {"docs/conf.py", "docs/index.md"}
    if answers.get("template_owners"):
        files.add("CODEOWNERS")
    if answers.get("devcontainer"):
        files |= {".devcontainer/Dockerfile", ".devcontainer/devcontainer.json"}
    return files


def test_files_exist_when_they_should() -> None:
    examples = {"author_email": ["", "ada@example.org"], "template_owners": ["", "@octo-org/platform"]}
    decisive = {"project_type", "docker", "repository_host", "dependency_updates", "docs", "devcontainer", "installer"}
    decisive |= {"author_email", "template_owners", "license", "package_index"}
    licenses = set()
    for combination in working_tree().product(examples, decisive):
        licenses.add(combination.asked["license"])
        if combination.asked["license"] in ("MIT", "Proprietary"):
            places = set(shapes().places(combination).values())
            assert places == files_of(combination.asked), combination.asked
    assert licenses == {*LICENSES}
    defaults = working_tree().product(vary=())[0].asked
    assert set(working_tree().render({})) == files_of(defaults)


def test_a_new_repository_is_small() -> None:
    assert len(working_tree().render({})) <= 25


@pytest.mark.parametrize("question", PUBLIC)
def test_every_question_changes_something(question: str) -> None:
    """Each of its values renders its own files, apart from the answers file."""
    values = {
        "project_name": ["one", "two"],
        "project_description": ["One.", "Two."],
        "package_name": ["one", "two"],
        "command_name": ["one", "two"],
        "author_name": ["", "Ada"],
        "author_email": ["", "ada@example.org"],
        "repository_owner": ["", "octo-org"],
        "template_owners": ["", "@octo-org/platform"],
        "base_registry": ["", "registry.octo.example/mirror"],
        "image_groups": ["", "prod"],
        "image_extras": ["", "cache"],
        "build_files": ["src", "myproject"],
        "package_index_url": ["https://one.example.com/simple", "https://two.example.com/simple"],
    } | EXAMPLES
    tried = values.get(question) or PUBLIC[question]
    assert tried
    rendered = []
    for value in tried:
        files = working_tree().render({question: value, **NEEDED.get(question, {})})
        del files[".copier-answers.yml"]
        rendered.append(files)
    assert len(tried) > 1
    for number, files in enumerate(rendered):
        assert all(files != other for other in rendered[:number])


def test_debian_packages_go_to_their_own_stage() -> None:
    dockerfile = (
        working_tree().render({"builder_packages": "git g++", "runtime_packages": "curl"})["Dockerfile"].decode()
    )
    stages = dockerfile.split("\nFROM ")
    assert [stage.split()[2] for stage in stages if "--no-install-recommends git g++ " in stage] == ["builder"]
    assert [stage.split()[2] for stage in stages if "--no-install-recommends curl " in stage] == ["runtime"]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, "git"),
        ({"builder_packages": "g++ git", "runtime_packages": "curl g++"}, "git g++ curl"),
        ({"builder_packages": "g++ git", "base_image": "distroless", "python_version": "3.13"}, "git python3-venv g++"),
    ],
)
def test_the_dev_container_has_the_debian_packages_of_the_image(answers: dict[str, str], expected: str) -> None:
    """Each once, so that a dependency that the image builds from source builds there too."""
    dockerfile = working_tree().render({"devcontainer": True, **answers})[".devcontainer/Dockerfile"].decode()
    assert re.findall("--no-install-recommends (.*) \\\\\n", dockerfile) == [expected]


def test_same_answers_give_the_same_bytes_elsewhere(tmp_path: Path) -> None:
    """In another folder, time zone, locale, home, for another user, umask and Git."""
    answers = {"project_type": "service", "author_name": "Ada"}
    home = write({".gitconfig": b"[user]\nname = Eve\n[core]\nautocrlf = true\n"}, tmp_path / "home")
    there = tmp_path / "a b" / "there"
    data = [f"--data={key}={value}" for key, value in answers.items()]
    environment = {
        **os.environ,
        "TZ": "Asia/Tokyo",
        "LANG": "C",
        "LC_ALL": "C",
        "HOME": str(home),
        "USER": "eve",
        "LOGNAME": "eve",
        "PYTHONHASHSEED": "2",
        "PYTHONUTF8": "0",
    }
    command: list[str | Path] = [COPIER, "copy", "--quiet", "--defaults", *data, working_tree().folder, there]
    run(*command, env=environment, umask=0o077)
    assert without_source(read(there)) == without_source(working_tree().render(answers))


def test_same_answers_give_the_same_bytes_on_another_day() -> None:
    answers = {"project_type": "service", "author_name": "Ada"}
    with time_machine.travel("2031-02-28 23:59:59+00:00"):
        then = Template().render(answers)
    assert without_source(then) == without_source(working_tree().render(answers))


LONG = {"project_name": "a" * 40, "package_name": "a" * 40, "command_name": "a" * 40}
FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f]|[. ]\Z|^(con|prn|aux|nul|com\d|lpt\d)(\.|\Z)', re.IGNORECASE)
"""https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file"""


def test_every_system_can_hold_every_path() -> None:
    worker = working_tree().rendering(working_tree().product({name: [text] for name, text in LONG.items()}, ())[0])
    rendered = [worker.path(source) for source in working_tree().sources]
    for paths in (working_tree().sources, rendered):
        assert max(map(len, paths)) <= 120
        assert len({path.casefold() for path in paths}) == len(paths)
        assert not [path for path in paths if any(map(FORBIDDEN.search, path.split("/")))]
    assert any("a" * 40 in path for path in rendered)
    assert not [path for path in (ROOT / "template").rglob("*") if path.is_symlink()]


def altered(folder: Path, file: str, old: str, new: str) -> Template:
    """Return the template with a change to one of its files."""
    copy_parts(ROOT, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    return Template(folder)


def test_leftovers_of_running_the_template_are_not_rendered(tmp_path: Path) -> None:
    """Python and macOS leave files in the template's own folders that Git ignores."""
    leftovers = ["scripts/__pycache__/summary.cpython-313.pyc", "summary.pyc", ".DS_Store"]
    copy_parts(ROOT, tmp_path)
    write(dict.fromkeys(leftovers, b""), tmp_path / "template")
    template = Template(tmp_path)
    assert {f"template/{path}" for path in leftovers} <= {*template.sources}
    answers = {"project_type": "environment"}
    assert template.render(answers).keys() == working_tree().render(answers).keys()


def test_an_undefined_name_is_an_error(tmp_path: Path) -> None:
    template = altered(tmp_path, "template/README.md.jinja", "{{ project_name }}", "{{ projct_name }}")
    with pytest.raises(Exception, match="'projct_name' is undefined"):
        template.render({})


def test_a_constraint_without_its_lock_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    template = altered(tmp_path, "extensions/dependencies/dev-requirements.txt", "pytest>=9", "pytest>=8")
    with pytest.raises(Exception, match="make lock"):
        template.render({})


def test_every_file_has_its_reason() -> None:
    """docs/files.md lists each file of the template, and no others."""
    named = set(re.findall("`([^` ]+)`", reasons()))
    folder = re.compile(r"(?<=src/)\{\{.*?\}\}")
    there = {
        folder.sub("PACKAGE", source.removeprefix("template/").removesuffix(".jinja"))
        for source in working_tree().sources
    }
    assert {path.replace("{{ _copier_conf.answers_file }}", ".copier-answers.yml") for path in there} == named
