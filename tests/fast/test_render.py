"""What is rendered, in every combination of answers."""

import json
import os
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path, PurePosixPath

import pytest
import time_machine
import yaml
from packaging.utils import canonicalize_name
from validate_pyproject import api as validate_pyproject

from tests.kit.answers import EXAMPLES, FIXED, HOSTILE, IMAGE, KINDS, NEEDED, PUBLIC, working_tree
from tests.kit.commands import COPIER, POETRY, read, run, write
from tests.kit.docker import lint
from tests.kit.pythons import interpreters, pythons
from tests.kit.rendered_files import (
    ANSWERS,
    COMMANDS,
    DOCKERFILE,
    LICENSE,
    LINK,
    LOCK,
    PYPROJECT,
    README,
    SOURCES,
    check,
    distinct,
    every_two,
    variants,
    without_source,
)
from tools.render.template import Answers, Files, Template, copy_parts
from tools.render.variants import Variant, Variants
from tools.repository import ROOT

LICENSES = {
    "MIT": "MIT License",
    "Apache-2.0": "Apache License Version 2.0",
    "BSD-3-Clause": "BSD 3-Clause License",
    "GPL-3.0-or-later": "GNU GENERAL PUBLIC LICENSE Version 3",
    "Proprietary": "Copyright (c) ",
}
"""How the text of each licence begins."""


def folders(found: Sequence[Variant], folder: Path, *beside: str) -> list[Path]:
    """Write variants into folders, one each, with those files of the repository whose paths match patterns."""
    written = []
    for number, variant in enumerate(found):
        files = variants().files(variant.combination)
        files = {path: files[path] for path in files if any(PurePosixPath(path).match(pattern) for pattern in beside)}
        written.append(write({**files, variant.path: variant.content}, folder / str(number)))
    return written


@pytest.mark.parametrize("source", [source for source in SOURCES if source != ANSWERS])
def test_every_variant_of_every_file_is_whole(source: str, record_property: Callable[[str, str], None]) -> None:
    found = variants().of(source)
    assert found
    record_property("rendered", json.dumps({"file": source, "variants": len(found)}))
    for variant in found:
        check(variant.path, variant.content, tuple(map(str, variant.combination.asked.values())))


def test_the_answers_file_has_an_entry_for_each_answer() -> None:
    """It reads all answers, but what it says of one is the same whichever the others are: every two are enough."""
    entry = working_tree().environment.filters["to_nice_yaml"]
    for combination in every_two():
        asked = combination.asked
        content = variants().content(ANSWERS, combination)
        check(".copier-answers.yml", content, tuple(map(str, asked.values())))
        _, _, entries = content.decode().partition("\n_src_path: ")[2].partition("\n")
        assert entries == "".join(entry({question: asked[question]}) for question in sorted(asked))
        assert yaml.safe_load(entries) == asked


def test_every_file_of_the_template_is_rendered() -> None:
    assert variants().template.sources == SOURCES
    assert all(variants().paths(source) for source in SOURCES) or FIXED


def shape(variant: Variant) -> str:
    """Return what a variant holds, with the questions in place of those of their answers that are nothing but words."""
    text = variant.content.decode().replace(variant.combination.known["image_prefix"] or "gcr.io/", "")
    for question in ("license", "python_version", "package_name", "command_name", "package_index_url"):
        text = text.replace(variant.combination.asked.get(question) or question, question)
    return text


def test_every_dockerfile_is_as_hadolint_wants_it(tmp_path: Path) -> None:
    """One of each shape: it takes hadolint a minute and a half to read them all."""
    shapes = {shape(variant): variant for variant in distinct(DOCKERFILE)}
    paths = folders(list(shapes.values()), tmp_path)
    lint(*(path / "Dockerfile" for path in paths))


def test_every_pyproject_is_valid() -> None:
    """By the schemas of the packaging specifications and of the tools that have one."""
    validator = validate_pyproject.Validator()
    for variant in distinct(PYPROJECT):
        validator(tomllib.loads(variant.content.decode()))


def test_poetry_finds_nothing_to_say_of_any_pyproject(tmp_path: Path) -> None:
    found = distinct(PYPROJECT)
    paths = folders(found, tmp_path, "README.md", "LICENSE")
    script = ROOT / "tests/kit/poetry_check.py"
    answers = run(POETRY.with_name("python"), script, input="".join(f"{path}\n" for path in paths)).splitlines()
    for variant, answer in zip(found, map(json.loads, answers), strict=True):
        asked = variant.combination.asked
        assert answer["says"] == "All set!", asked
        assert (answer["summary"] or "") == asked["project_description"]
        assert (answer["author"] or "") == (asked["author_name"] or asked["author_email"])
        assert (answer["email"] or "") == (asked["author_email"] if asked["author_name"] else "")
        oldest = asked["python_version"]
        assert answer["python"] == f">={oldest}"
        if asked["project_type"] != "environment":
            versions = re.findall(r"Python :: (3\.\d+)", " ".join(answer["classifiers"]))
            assert versions == [known for known in pythons() if int(known[2:]) >= int(oldest[2:])]


def test_all_python_is_formatted_and_linted(tmp_path: Path) -> None:
    """As the repository's own settings have it."""
    found = distinct(*(source for source in SOURCES if source.removesuffix(".jinja").endswith(".py")))
    assert found
    folders(found, tmp_path, "pyproject.toml", "*.py")
    run(ROOT / ".venv/bin/ruff", "format", "--check", "--no-cache", tmp_path)
    run(ROOT / ".venv/bin/ruff", "check", "--no-cache", tmp_path)


def test_no_link_of_a_readme_is_broken() -> None:
    for combination in variants().combinations(README):
        links = LINK.findall(variants().content(README, combination).decode().replace(HOSTILE, ""))
        assert "LICENSE" in links
        assert {*links} <= {*variants().places(combination).values()}


def test_the_commands_of_every_readme_are_clean_shell(tmp_path: Path) -> None:
    scripts = {"".join(COMMANDS.findall(variant.content.decode())) for variant in variants().of(README)}
    folder = write({f"{number}.sh": script.encode() for number, script in enumerate(scripts)}, tmp_path)
    run(ROOT / ".venv/bin/shellcheck", "--shell=sh", *folder.iterdir())


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_rendered_by_variants_is_what_copier_renders(kind: str) -> None:
    """Every combination of what decides about the image, and every two answers with all texts."""
    part = working_tree().product(
        EXAMPLES, [question for question in IMAGE if question not in ("license", "python_version")]
    )
    found = [one for one in [*part, *every_two()] if one.asked["project_type"] == kind]
    assert len(found) > 100
    for combination in found:
        assert without_source(variants().files(combination)) == without_source(working_tree().render(combination.asked))


def test_a_new_question_adds_only_to_the_files_that_read_it(tmp_path: Path) -> None:
    question = "greet:\n  type: bool\n  default: true\n\ndocker:\n  type: bool"
    template = altered(tmp_path, "copier.yml", "docker:\n  type: bool", question)
    file = template.folder / README
    file.write_text(file.read_text(encoding="utf-8") + "{% if greet %}\n\nHello!\n{% endif %}\n", encoding="utf-8")
    before, after = Variants(Template()), Variants(template)
    for source in (source for source in SOURCES if source != ANSWERS):
        factor = 2 if source == README else 1
        assert len(after.of(source)) == factor * len(before.of(source)), source


def test_reading_what_is_no_answer_is_an_error(tmp_path: Path) -> None:
    template = altered(tmp_path, "template/README.md.jinja", "{{ project_name }}", "{{ _copier_python }}")
    with pytest.raises(ValueError, match="_copier_python is read, which is no answer"):
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
    """Return the page that says why each file is there, and when."""
    return (ROOT / "docs/files.md").read_text(encoding="utf-8")


def always_there() -> set[str]:
    """Return the files of which the page says that they are always there."""
    rows = re.findall(r"(?m)^\| (.*?) \| .* \| always \|$", reasons())
    return {path for row in rows for path in re.findall("`(.*?)`", row)}


def files_of(answers: Answers) -> set[str]:
    """Return which files some answers give, as its owner would list them."""
    kind, docker = answers["project_type"], answers["docker"]
    host, updates = answers["repository_host"], answers.get("dependency_updates")
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
        files |= {".dockerignore", "Dockerfile"}
    if docker and kind != "package":
        files.add("compose.yaml")
    if docker or host != "none":
        files.add("poetry-requirements.txt")
    if host != "none" or answers["author_email"]:
        files.add("SECURITY.md")
    if host == "github":
        files |= {".github/workflows/ci.yml", ".github/workflows/template.yml"}
        if docker or (
            kind == "package" and answers["license"] != "Proprietary" and answers["package_index"] == "public"
        ):
            files.add(".github/workflows/release.yml")
    if host == "gitlab":
        files.add(".gitlab-ci.yml")
    files |= {"renovate": {"renovate.json"}, "dependabot": {".github/dependabot.yml"}}.get(str(updates), set())
    if answers.get("docs"):
        files |= {"docs/conf.py", "docs/index.md"}
    if answers.get("template_owners"):
        files.add("CODEOWNERS")
    if answers.get("devcontainer"):
        files.add(".devcontainer/devcontainer.json")
    return files


def test_files_exist_when_they_mean_something() -> None:
    examples = {"author_email": ["", "ada@example.org"], "template_owners": ["", "@octo-org/platform"]}
    decisive = {"project_type", "docker", "repository_host", "dependency_updates", "docs", "devcontainer"}
    decisive |= {"author_email", "template_owners", "license", "package_index"}
    for combination in working_tree().product(examples, decisive):
        places = set(variants().places(combination).values())
        assert places == files_of(combination.asked), combination.asked
    assert set(working_tree().render({})) == files_of(combination_of_defaults())


def combination_of_defaults() -> Answers:
    """Return all that is asked when nothing is answered."""
    return working_tree().product(told=())[0].asked


def test_a_new_repository_is_small() -> None:
    assert len(working_tree().render({})) <= 25


@pytest.mark.parametrize("question", PUBLIC)
def test_every_question_changes_something(question: str) -> None:
    """Each of its values gives files that none of its other values gives, besides the answers file."""
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


def held(source: str, *questions: str) -> Iterator[tuple[Answers, str]]:
    """Yield what a file of the template becomes, with the answers, in all combinations of these and of what it reads."""
    for combination in variants().combinations(source, questions=questions):
        if variants().place(source, combination):
            yield combination.asked, variants().content(source, combination).decode()


def test_the_oldest_python_is_the_same_in_every_file() -> None:
    for asked, pyproject in held(PYPROJECT, "python_version"):
        settings = tomllib.loads(pyproject)
        assert settings["project"]["requires-python"] == f">={asked['python_version']}"
        assert settings["tool"]["mypy"]["python_version"] == asked["python_version"]
    for asked, lock in held(LOCK, "python_version"):
        assert f'\npython-versions = ">={asked["python_version"]}"\n' in lock
    for asked, dockerfile in held(DOCKERFILE, "python_version"):
        slim = re.findall(r"[=/]python:(.*)-slim", dockerfile)
        assert slim == ([] if asked["base_image"] == "distroless" else [asked["python_version"]])
        assert set(re.findall(r"python(\d\.\d+)", dockerfile)) <= {asked["python_version"]}


def test_the_name_is_the_same_in_every_file() -> None:
    for asked, pyproject in held(PYPROJECT, "project_name", "package_name"):
        settings = tomllib.loads(pyproject)
        assert settings["project"]["name"] == distribution(asked)
        package = asked.get("package_name")
        assert [one["include"] for one in settings["tool"]["poetry"].get("packages", [])] == (
            [package] if package else []
        )
    for asked, readme in held(README, "project_name"):
        assert readme.startswith(f"# {asked['project_name']}\n")
        images = set(re.findall(r"^docker (?:run|build) .*?([\w-]+)(?: \.)?$", readme, re.MULTILINE))
        assert images == ({distribution(asked)} if asked["docker"] else set())


def distribution(asked: Answers) -> str:
    """Return the project's name as an index of packages normalizes it."""
    return canonicalize_name(asked["project_name"].replace(" ", "-"))


def test_the_licence_is_the_same_in_every_file() -> None:
    for asked, pyproject in held(PYPROJECT, "license"):
        assert tomllib.loads(pyproject)["project"]["license"] == expression(asked)
    for asked, text in held(LICENSE, "license"):
        assert " ".join(text.split()).startswith(LICENSES[asked["license"]])
    for asked, readme in held(README, "license"):
        proprietary = asked["license"] == "Proprietary"
        assert ("\nAll rights reserved: see" if proprietary else f"\n{asked['license']}: see") in readme
    for asked, dockerfile in held(DOCKERFILE, "license"):
        assert f'image.licenses="{expression(asked)}"' in dockerfile


def expression(asked: Answers) -> str:
    """Return the licence as the packaging specifications have it."""
    return "LicenseRef-Proprietary" if asked["license"] == "Proprietary" else str(asked["license"])


def test_the_command_is_the_same_in_every_file() -> None:
    for asked, pyproject in held(PYPROJECT, "command_name"):
        command = asked.get("command_name")
        scripts = tomllib.loads(pyproject)["project"].get("scripts", {})
        assert scripts == ({command: f"{asked['package_name']}.cli:main"} if command else {})
    for asked, readme in held(README, "command_name"):
        assert (f"\npoetry run {asked.get('command_name')}\n" in readme) == ("command_name" in asked)
    for asked, dockerfile in held(DOCKERFILE, "command_name"):
        assert (f'\nENTRYPOINT ["{asked.get("command_name")}"]\n' in dockerfile) == ("command_name" in asked)


def test_the_version_stands_in_pyproject_and_nowhere_else() -> None:
    """What is locked has versions of its own."""
    for source in (source for source in SOURCES if source not in (ANSWERS, LOCK)):
        for _, text in held(source):
            assert text.count("0.1.0") == (source == PYPROJECT)
            assert text.count('\nversion = "0.1.0"\n') == (source == PYPROJECT)


def test_debian_packages_go_to_their_own_stage() -> None:
    dockerfile = (
        working_tree().render({"builder_packages": "git g++", "runtime_packages": "curl"})["Dockerfile"].decode()
    )
    stages = dockerfile.split("\nFROM ")
    assert [stage.split()[2] for stage in stages if "--no-install-recommends git g++\n" in stage] == ["dependencies"]
    assert [stage.split()[2] for stage in stages if "--no-install-recommends curl " in stage] == ["runtime"]


def copy(folder: Path, answers: Answers, *, copier: Path = COPIER, umask: int = -1, **environment: str) -> Files:
    """Run `copier copy` and return the files, without the lines that tell where the template was."""
    data = [word for key, value in answers.items() for word in ("--data", f"{key}={value}")]
    command: list[str | Path] = [copier, "copy", "--quiet", "--defaults", *data, working_tree().folder, folder]
    run(*command, env={**os.environ, **environment}, umask=umask)
    return without_source(read(folder))


@pytest.mark.parametrize("kind", KINDS)
def test_copier_itself_renders_the_same(kind: str, tmp_path: Path) -> None:
    answers = {"project_type": kind, "project_description": HOSTILE, "license": "BSD-3-Clause"}
    assert copy(tmp_path / "new", answers) == without_source(working_tree().render(answers))


def test_same_answers_give_the_same_bytes_elsewhere(tmp_path: Path) -> None:
    """In another folder, time zone, locale, home, for another user, umask and Git."""
    answers = {"project_type": "service", "author_name": "Ada"}
    home = write({".gitconfig": b"[user]\nname = Eve\n[core]\nautocrlf = true\n"}, tmp_path / "home")
    here = copy(tmp_path / "here", answers, TZ="UTC", LANG="C.UTF-8", PYTHONHASHSEED="1")
    there = copy(
        tmp_path / "a b" / "there",
        answers,
        umask=0o077,
        TZ="Asia/Tokyo",
        LANG="C",
        LC_ALL="C",
        HOME=str(home),
        USER="eve",
        LOGNAME="eve",
        PYTHONHASHSEED="2",
        PYTHONUTF8="0",
    )
    assert here == there


def test_same_answers_give_the_same_bytes_on_another_day() -> None:
    answers = {"project_type": "service", "author_name": "Ada"}
    with time_machine.travel("2031-02-28 23:59:59+00:00"):
        then = Template().render(answers)
    assert without_source(then) == without_source(working_tree().render(answers))


def test_same_answers_give_the_same_bytes_with_another_python(tmp_path: Path) -> None:
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    others = [other for other in interpreters() if other != running]
    if not others:
        pytest.skip(f"there is no Python but {running}: install another supported one")
    run(interpreters()[others[-1]], "-m", "venv", tmp_path / "venv")
    run(tmp_path / "venv/bin/pip", "install", "--quiet", f"copier=={version('copier')}")
    answers = {"project_type": "environment", "project_description": HOSTILE}
    there = copy(tmp_path / "there", answers, copier=tmp_path / "venv/bin/copier")
    assert there == without_source(working_tree().render(answers))


LONG = {"project_name": "a" * 40, "package_name": "a" * 40, "command_name": "a" * 40}
FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f]|[. ]\Z|^(con|prn|aux|nul|com\d|lpt\d)(\.|\Z)', re.IGNORECASE)
"""https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file"""


def test_every_system_can_hold_every_path() -> None:
    every = Variants(Template(), [{question: [value] for question, value in LONG.items()}])
    rendered = [path for source in SOURCES for path in every.paths(source)]
    for paths in (SOURCES, rendered):
        assert max(map(len, paths)) <= 120
        assert len({path.casefold() for path in paths}) == len(paths)
        assert not [path for path in paths if any(map(FORBIDDEN.search, path.split("/")))]
    assert any("a" * 40 in path for path in rendered)


def test_nothing_is_a_link(tmp_path: Path) -> None:
    copy(tmp_path, {})
    assert not [path for folder in (ROOT / "template", tmp_path) for path in folder.rglob("*") if path.is_symlink()]


def altered(folder: Path, file: str, old: str, new: str) -> Template:
    """Return the template with a change to one of its files."""
    copy_parts(ROOT, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    return Template(folder)


def test_leftovers_of_running_the_template_are_not_rendered(tmp_path: Path) -> None:
    """Python and macOS leave files in the template's own folders, of which Git knows nothing."""
    copy_parts(ROOT, tmp_path)
    leftovers = ["scripts/__pycache__/summary.cpython-313.pyc", "summary.pyc", ".DS_Store"]
    write(dict.fromkeys(leftovers, b""), tmp_path / "template")
    run(COPIER, "copy", "--defaults", "--data=project_type=environment", tmp_path, tmp_path / "new")
    rendered = {path.name for path in (tmp_path / "new").rglob("*")}
    assert "summary.py" in rendered
    assert not rendered & {"__pycache__", "summary.pyc", ".DS_Store"}


def test_an_undefined_name_is_an_error(tmp_path: Path) -> None:
    template = altered(tmp_path, "template/README.md.jinja", "{{ project_name }}", "{{ projct_name }}")
    with pytest.raises(Exception, match="'projct_name' is undefined"):
        template.render({})


def test_a_constraint_without_its_lock_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    template = altered(tmp_path, "extensions/dependencies/dev-requirements.txt", "pytest>=9", "pytest>=8")
    with pytest.raises(Exception, match="make lock"):
        template.render({})


def test_a_new_question_joins_the_combinations_by_itself(tmp_path: Path) -> None:
    question = "docs:\n  type: bool\n  default: false\n  when: \"{{ project_type != 'environment' }}\"\n"
    template = altered(tmp_path, "copier.yml", "docker:\n  type: bool", question + "\ndocker:\n  type: bool")
    assert [one.asked.get("docs") for one in template.product(told=["docs"])] == [True, False, True, False, None]


def test_every_file_has_its_reason() -> None:
    """In docs/files.md, which names no file that is not there."""
    named = set(re.findall("`([^` ]+)`", reasons()))
    folder = re.compile(r"(?<=src/)\{\{.*?\}\}")
    there = {
        folder.sub("PACKAGE", source.removeprefix("template/").removesuffix(".jinja"))
        for source in working_tree().sources
    }
    assert {path.replace("{{ _copier_conf.answers_file }}", ".copier-answers.yml") for path in there} == named
