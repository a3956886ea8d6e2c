"""Adoption without Poetry: derived answers, equivalent files, merges by meaning, refusals and comparisons."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.kit.answers import working_tree
from tests.kit.commands import run, write
from tests.kit.shapes import PLAIN, PROGRAM, PROJECT, SHAPES, Shape, existing, shape
from tools.adopt import comparison
from tools.adopt.answers import DERIVATIONS, Answer, derive
from tools.adopt.comparison import Wheel
from tools.adopt.files import EQUIVALENTS, Plan, merge_gitignore, plan
from tools.adopt.project import Project, RefusalError, read_project
from tools.adopt.pyproject import merge, merge_hooks, missing_tools


def read(shape: Shape, folder: Path) -> Project:
    """Return the project of a shape, without a lock."""
    return read_project(existing(shape, folder, lock=False))


def derived(project: Project, **overrides: str) -> dict[str, Any]:
    """Return the derived answers."""
    return {key: answer.value for key, answer in derive(project, overrides, working_tree()).items()}


def planned(project: Project, **overrides: str) -> Plan:
    """Return the planned files of a project."""
    answers = derive(project, overrides, working_tree())
    values = {key: answer.value for key, answer in answers.items()}
    return plan(project, working_tree().render(values), answers)


def merged(shape: Shape, folder: Path, **overrides: str) -> str:
    """Return the merged pyproject.toml of a shape."""
    project = read(shape, folder)
    answers = derive(project, overrides, working_tree())
    rendered = working_tree().render({key: answer.value for key, answer in answers.items()})
    text = rendered["pyproject.toml"].decode()
    files = {*project.files, *plan(project, rendered, answers).added}
    return merge(project, text, missing_tools(project, text), files).text


ANSWERS: Mapping[str, dict[str, Any]] = {
    "flat": {
        "project_type": "package",
        "project_name": "tally",
        "project_description": "Counts words.",
        "package_name": "tally",
        "command_name": "tally",
        "author_name": "Ada Lovelace",
        "author_email": "ada@example.org",
        "license": "MIT",
        "python_version": "3.11",
        "repository_host": "none",
        "docker": True,
        "image_python": "3.14",
        "build_files": "tally",
        "package_index": "public",
    },
    "several packages": {"build_files": "tally abacus beads.py"},
    "package data": {"build_files": "src data"},
    "old tables": {"project_description": "Counts words.", "author_name": "Ada Lovelace", "build_files": "src"},
    "build script": {"build_files": "tally generate.py words"},
    "upper bound": {"python_version": "3.11", "image_python": "3.13"},
    "old floor": {"python_version": "3.11"},
    "own image": {"docker": False},
    "own CI": {"repository_host": "none"},
    "scripts": {"project_type": "environment", "build_files": "count.py lib"},
    "no licence": {"license": "Proprietary"},
}
"""The answers that tell a shape from others."""


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_are_derived(name: str, tmp_path: Path) -> None:
    assert ANSWERS[name].items() <= derived(read(shape(name), tmp_path)).items()


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (PLAIN.with_tables({"project.scripts": 'b = "tally.cli:main"\nTALLY = "x:y"\n'}), {"command_name": "TALLY"}),
        (PLAIN.with_tables({"project.scripts": 'b = "tally.cli:main"\na = "x:y"\n'}), {"command_name": "b"}),
        (PLAIN.with_tables({"project.scripts": None}), {"docker": False, "project_type": "package"}),
        (PLAIN.with_tables({"project": PROJECT.replace('"MIT"', '{ text = "MIT License" }')}), {"license": "MIT"}),
        (PLAIN.with_tables({"project": PROJECT.replace('"MIT"', '"AGPL-3.0-or-later"')}), {"license": "Proprietary"}),
        (PLAIN.with_tables({"project": PROJECT.replace("Ada Lovelace", "Doe, Jo")}), {"author_name": ""}),
        (PLAIN.with_tables({"project": PROJECT.replace('"tally"', '"Tally.Words"')}), {"project_name": "Tally.Words"}),
        (
            PLAIN.with_files({"src/tally/__main__.py": "", "src/tally/app.py": 'READY = "/health/ready"\n'}),
            {"project_type": "service"},
        ),
        (PLAIN.with_files({"src/tally/__main__.py": ""}), {"project_type": "package"}),
        (PLAIN.with_files({"docker/Dockerfile": ""}), {"docker": False}),
        (PLAIN.with_files({".dockerignore": ".git\n"}), {"docker": False}),
        (
            PLAIN.with_tables({"[tool.poetry.source]": 'name = "ours"\nurl = "https://a.example/simple/"\n'}),
            {"package_index": "private", "package_index_url": "https://a.example/simple"},
        ),
        (
            PLAIN.with_tables(
                {"[tool.poetry.source]": 'name = "ours"\nurl = "https://a.example/x"\npriority = "explicit"\n'}
            ),
            {"package_index": "additional"},
        ),
        (
            PLAIN.with_tables(
                {"[tool.poetry.source]": 'name = "t"\nurl = "https://pytorch.example/x"\npriority = "explicit"\n'}
            ),
            {"package_index": "public"},
        ),
    ],
)
def test_an_answer_is_derived_from(shape: Shape, expected: dict[str, Any], tmp_path: Path) -> None:
    assert expected.items() <= derived(read(shape, tmp_path)).items()


def test_the_remote_is_the_host_unless_there_is_ci(tmp_path: Path) -> None:
    project = read(PLAIN, tmp_path)
    at_a_host = replace(project, origin="git@gitlab.com:octo/group/tally.git")
    found = derived(at_a_host)
    assert (found["repository_host"], found["repository_owner"]) == ("gitlab", "octo/group")
    assert found["dependency_updates"] == "renovate"
    assert "repository_owner" not in derived(replace(at_a_host, files=(*project.files, ".travis.yml")))
    with_bot = replace(
        project, origin="https://github.com/octo/tally", files=(*project.files, ".github/dependabot.yml")
    )
    assert derived(with_bot)["dependency_updates"] == "dependabot"


def test_each_derivation_is_of_a_question() -> None:
    assert DERIVATIONS.keys() <= working_tree().questions.keys()


def test_sources_are_told_and_data_overrides(tmp_path: Path) -> None:
    project = read(shape("own image"), tmp_path)
    answers = derive(project, {"docker": "true", "license": "Apache-2.0"}, working_tree())
    assert answers["docker"] == Answer(True, "--data")
    assert answers["license"] == Answer("Apache-2.0", "--data")
    assert answers["project_name"] == Answer("tally", "[project] name")
    assert answers["devcontainer"].source == "the default"


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"mascot": "cat"}, "Correct --data mascot: docs/options.md"),
        ({"python_versions": "3.11"}, "Correct --data python_versions: docs/options.md"),
        ({"license": "WTFPL"}, "Pass --data license=ANSWER: "),
        ({"author_name": "Doe, Jo"}, "Pass --data author_name=ANSWER: "),
        ({"project_name": "pytest"}, "Pass --data project_name=ANSWER: "),
    ],
)
def test_a_wrong_answer_is_refused(overrides: dict[str, str], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(RefusalError, match=f"^{sentence}"):
        derive(read(PLAIN, tmp_path), overrides, working_tree())


def package(*wheels: str, **more: Any) -> dict[str, Any]:
    """Return a locked package."""
    return {"name": "a", "groups": ["main"], "files": [{"file": file} for file in wheels], **more}


@pytest.mark.parametrize(
    ("locked", "newest"),
    [
        (package("a-1-py3-none-any.whl"), "3.14"),
        (package("a-1.tar.gz"), "3.14"),
        (package("a-1-cp312-cp312-manylinux_2_17_x86_64.whl"), "3.12"),
        (package("a-1-cp313-cp313-manylinux_2_17_x86_64.whl", "a-1-cp314-cp314-win_amd64.whl"), "3.13"),
        (package("a-1-cp39-abi3-manylinux_2_17_x86_64.whl"), "3.14"),
        (package("a-1-cp312-cp312-manylinux_2_17_x86_64.whl", groups=["dev"]), "3.14"),
        (package("a-1-cp312-cp312-manylinux_2_17_x86_64.whl", optional=True), "3.14"),
        (package("a-1-cp312-cp312-manylinux_2_17_x86_64.whl", markers='sys_platform == "win32"'), "3.14"),
        (package("a-1-cp310-cp310-manylinux_2_17_x86_64.whl"), "3.14"),
    ],
)
def test_the_image_has_the_newest_python_with_wheels(locked: dict[str, Any], newest: str, tmp_path: Path) -> None:
    project = read(PLAIN, tmp_path)
    found = derived(replace(project, lock={**project.lock, "package": [locked]}))
    assert found["image_python"] == newest


def test_the_build_has_the_debian_packages_that_it_needs(tmp_path: Path) -> None:
    project = read(shape("build script").with_files({"generate.py": 'run("msgfmt")\n'}), tmp_path)
    assert derived(project)["builder_packages"] == "gettext"
    source = {"type": "git", "url": "git@github.com:octo/a.git"}
    by_ssh = replace(project, lock={**project.lock, "package": [package(source=source)]})
    assert derived(by_ssh)["builder_packages"] == "git openssh-client gettext"
    assert derived(read(PLAIN, tmp_path / "plain"))["builder_packages"] == ""


@pytest.mark.parametrize(
    ("constraint", "first", "newest"),
    [
        ("^3.8.1", "3.11", "3.14"),
        ("~3.12", "3.12", "3.12"),
        (">=3.12.4,<3.14", "3.12", "3.13"),
        ("3.11 || ^3.13", "3.11", "3.14"),
    ],
)
def test_supported_pythons_in_the_notation_of_poetry(constraint: str, first: str, newest: str, tmp_path: Path) -> None:
    old = shape("old tables").with_tables({"tool.poetry.dependencies": f'python = "{constraint}"\n'})
    found = derived(read(old, tmp_path))
    assert (found["python_version"], found["image_python"]) == (first, newest)


@pytest.mark.parametrize(
    ("dockerfile", "extras", "groups"),
    [
        ("FROM a\nRUN poetry install --all-extras --only main,prod\n", "cache web", "prod"),
        ("FROM a\nRUN pip install '.[web]'\n", "web", ""),
        ("FROM a\n# RUN pip install '.[web]'\nRUN pip install .\n", "", ""),
        ("FROM a AS b\nRUN poetry install -E cache --with dev\nFROM c\nCOPY --from=b /x /x\n", "cache", ""),
        ("FROM a AS b\nRUN poetry install --extras=web\nFROM a\nRUN pip install .\n", "", ""),
    ],
)
def test_extras_and_groups_come_from_an_own_image(dockerfile: str, extras: str, groups: str, tmp_path: Path) -> None:
    tables = {
        "project.optional-dependencies": 'web = ["flask"]\ncache = ["redis"]\n',
        "tool.poetry.group.prod.dependencies": 'gunicorn = "*"\n',
    }
    project = read(PLAIN.with_files({"Dockerfile": dockerfile}).with_tables(tables), tmp_path)
    found = derived(project, docker="true")
    assert (found["image_extras"], found["image_groups"]) == (extras, groups)


def test_debian_packages_of_an_own_image_are_told(tmp_path: Path) -> None:
    dockerfile = """FROM a AS base
RUN apt-get update \\
    && apt-get install --yes --no-install-recommends git \\
       libmagic1 && rm -r /x
FROM base AS build
RUN apt-get install -y gcc
FROM base
COPY --from=build /x /x
"""
    answers = derive(read(PLAIN.with_files({"Dockerfile": dockerfile}), tmp_path), {"docker": "true"}, working_tree())
    source = "pass those that the program needs: Dockerfile installs git, libmagic1"
    assert answers["runtime_packages"] == Answer("", source)


def test_refusals(tmp_path: Path) -> None:
    """Each is one sentence that begins with the remedy."""

    def refusal(path: Path) -> str:
        with pytest.raises(RefusalError) as caught:
            read_project(path)
        return str(caught.value)

    assert refusal(tmp_path / "none").startswith("Name a folder: ")
    (tmp_path / "empty").mkdir()
    assert refusal(tmp_path / "empty").startswith("Commit the project to Git first: ")

    def changed(name: str, *commands: str, commit: bool = True) -> str:
        project = existing(PLAIN, tmp_path / name, lock=False)
        script = " && ".join([*commands, *(["git add --all", "git commit --quiet --message=Edit"] if commit else [])])
        run("sh", "-c", script, cwd=project)
        return refusal(project)

    assert changed("dirty", "echo >> README.md", commit=False).startswith("Commit or stash the changes first: ")
    assert changed("pyproject", "git rm -q pyproject.toml").startswith("Name the folder of a tracked pyproject.toml: ")
    assert changed("bytes", r"printf '\377' >> pyproject.toml").startswith(
        "Correct pyproject.toml first: it is no valid"
    )
    assert changed("name", "sed -i '/^name/d' pyproject.toml").startswith("Correct pyproject.toml first: ")
    assert changed("toml", "echo '[' >> pyproject.toml").startswith("Correct pyproject.toml first: it is no valid TOML")
    assert changed("lock", "git rm -q poetry.lock").startswith("Run `poetry lock` and commit poetry.lock first: ")
    assert changed("old", "sed -i 's/2.1/1.1/' poetry.lock").startswith("Run `poetry lock` with Poetry 2 ")
    assert changed("setuptools", "sed -i s/poetry/flit/ pyproject.toml").startswith(
        "Move the project to Poetry first: "
    )


def test_untracked_files_do_not_matter(tmp_path: Path) -> None:
    project = existing(PLAIN, tmp_path, lock=False)
    (project / "notes.txt").touch()
    assert "notes.txt" not in read_project(project).files


def test_a_project_without_a_supported_python_is_refused(tmp_path: Path) -> None:
    project = read(PLAIN.with_tables({"project": PROJECT.replace(">=3.11", ">=3.8,<3.11")}), tmp_path)
    with pytest.raises(RefusalError, match=r"^Support a Python of 3\.11, "):
        derived(project)


ALIASES = [
    (name, own)
    for name, own in {
        ".pre-commit-config.yaml": ".pre-commit-config.yml",
        "CODEOWNERS": ".github/CODEOWNERS",
        "LICENSE": "LICENSES/MIT.txt",
        "README.md": "README.rst",
        "SECURITY.md": ".github/SECURITY.md",
        ".github/workflows/ci.yml": ".github/workflows/tests.yaml",
        ".github/workflows/release.yml": ".github/workflows/release.yaml",
        "renovate.json": ".github/renovate.json",
        ".devcontainer/devcontainer.json": ".devcontainer.json",
    }.items()
]


@pytest.mark.parametrize(
    ("name", "own"), [*ALIASES, ("LICENSE", "LICENSE.md"), ("renovate.json", ".github/dependabot.yml")]
)
def test_a_file_is_recognised_under_another_name(name: str, own: str, tmp_path: Path) -> None:
    answers = {"repository_host": "github", "dependency_updates": "renovate", "docker": "true", "devcontainer": "true"}
    answers |= {"template_owners": "@ada", "license": "MIT"}
    without = read(PLAIN.with_files({}, "LICENSE", "README.md"), tmp_path / "without")
    assert name in planned(without, **answers).added
    found = planned(replace(without, files=(*without.files, own)), **answers)
    assert found.kept[name] == f"the project has {own}"
    assert name not in found.added


def test_compose_is_recognised_under_another_name(tmp_path: Path) -> None:
    service = PLAIN.with_files({"src/tally/__main__.py": "", "src/tally/app.py": 'READY = "/health/ready"\n'})
    project = read(service, tmp_path)
    assert "compose.yaml" in planned(project).added
    kept = planned(replace(project, files=(*project.files, "docker-compose.yml"))).kept
    assert kept["compose.yaml"] == "the project has docker-compose.yml"


def test_each_equivalent_is_of_a_file_of_the_template() -> None:
    sources = {path.removeprefix("template/").removesuffix(".jinja") for path in working_tree().sources}
    assert [name for name in EQUIVALENTS if not any(path.startswith(name.rstrip("*")) for path in sources)] == []


def test_the_image_has_both_of_its_files_or_neither(tmp_path: Path) -> None:
    project = read(shape("own image"), tmp_path)
    neither = planned(project)
    assert {"Dockerfile", ".dockerignore"} & {*neither.added, *neither.replaced} == set()
    both = planned(project, docker="true")
    assert ".dockerignore" in both.added
    assert "Dockerfile" in both.replaced


def test_releases_need_the_jobs_of_the_template(tmp_path: Path) -> None:
    project = read(PLAIN, tmp_path)
    release = ".github/workflows/release.yml"
    assert release in planned(project, repository_host="github").added
    kept = planned(
        replace(project, files=(*project.files, ".github/workflows/tests.yaml")), repository_host="github"
    ).kept
    reason = "it runs .github/workflows/ci.yml of the template, but the project has .github/workflows/tests.yaml"
    assert kept[release] == reason


def test_no_code_of_the_example_and_no_licence_is_added(tmp_path: Path) -> None:
    for name in ("no licence", "scripts"):
        found = planned(read(shape(name), tmp_path / name))
        assert [path for path in found.added if path.startswith(("src/", "tests/", "scripts/"))] == []
    project = read(shape("no licence"), tmp_path / "again")
    assert planned(project).kept["LICENSE"].startswith("choose a licence, and pass --data license=NAME")
    assert "LICENSE" in planned(project, license="MIT").added


def test_an_ignored_file_in_the_way_is_kept(tmp_path: Path) -> None:
    project = existing(PLAIN.with_files({".gitignore": "/Dockerfile\n"}), tmp_path, lock=False)
    write({"Dockerfile": b"# Ours.\n"}, project)
    assert planned(read_project(project)).kept["Dockerfile"] == "an untracked file is in its place"


def test_the_image_of_scripts_starts_theirs_and_has_the_licence(tmp_path: Path) -> None:
    found = planned(read(shape("scripts"), tmp_path / "one"))
    assert 'CMD ["python", "count.py"]' in found.added["Dockerfile"].decode()
    two = shape("scripts").with_files({"more.py": PROGRAM})
    found = planned(read(two, tmp_path / "two"))
    assert 'CMD ["python"]' in found.added["Dockerfile"].decode()
    assert any(note.startswith("Name the program in CMD") for note in found.notes)
    agpl = PLAIN.with_tables({"project": PROJECT.replace('"MIT"', '"AGPL-3.0-or-later"')})
    dockerfile = planned(read(agpl, tmp_path / "agpl")).added["Dockerfile"].decode()
    assert 'licenses="AGPL-3.0-or-later"' in dockerfile


def test_tools_are_added_to_the_group_where_it_is(tmp_path: Path) -> None:
    text = merged(PLAIN, tmp_path / "groups")
    assert '    "pytest>=8",  # ours\n    "mypy' in text
    assert tomllib.loads(text)["dependency-groups"]["dev"][0] == "pytest>=8"
    text = merged(PLAIN.with_tables({"dependency-groups": 'dev = ["pytest>=8"]\n'}), tmp_path / "line")
    assert len(tomllib.loads(text)["dependency-groups"]["dev"]) == 6
    text = merged(shape("old tables"), tmp_path / "old")
    data = tomllib.loads(text)
    assert "dependency-groups" not in data
    assert data["tool"]["poetry"]["group"]["dev"]["dependencies"].keys() == {
        "pytest", "mypy", "poethepoet", "pre-commit", "pytest-cov", "ruff",
    }  # fmt: skip
    assert 'pytest = ">=8"  # ours\n' in text
    assert "requires-poetry" not in data["tool"]["poetry"]


@pytest.mark.parametrize(
    ("tables", "place"),
    [
        (
            {"dependency-groups": None, "tool.poetry.dev-dependencies": 'pytest = "*"\n'},
            ["tool", "poetry", "dev-dependencies"],
        ),
        (
            {"dependency-groups": None, "tool.poetry.group.test.dependencies": 'pytest = "*"\n'},
            ["tool", "poetry", "group", "dev", "dependencies"],
        ),
        (
            {"dependency-groups": None, "tool.poetry.group.dev": "optional = true\n"},
            ["tool", "poetry", "group", "dev", "dependencies"],
        ),
        ({"dependency-groups": 'test = ["pytest"]\n'}, ["dependency-groups", "dev"]),
        ({"dependency-groups": 'Dev = ["pytest"]\n'}, ["dependency-groups", "Dev"]),
        ({"dependency-groups": None}, ["dependency-groups", "dev"]),
        (
            {"tool.poetry.group.dev.dependencies": 'pytest = { version = "*", source = "x" }\n'},
            ["dependency-groups", "dev"],
        ),
    ],
)
def test_a_missing_group_is_made_in_the_style_of_the_others(
    tables: dict[str, str | None], place: list[str], tmp_path: Path
) -> None:
    data: Any = tomllib.loads(merged(PLAIN.with_tables(tables), tmp_path))
    assert ("dependency-groups" in data) == (place[0] == "dependency-groups")
    for key in place:
        data = data[key]
    assert any("mypy" in each for each in data)


def test_tools_of_an_old_project_have_the_floor_of_the_template(tmp_path: Path) -> None:
    data = tomllib.loads(merged(shape("old floor"), tmp_path))
    dependencies = data["tool"]["poetry"]["group"]["dev"]["dependencies"]
    assert dependencies["mypy"]["python"] == ">=3.11"
    assert dependencies["pytest"] == ">=8"


SETTINGS = {
    "ruff": [("ruff.toml", "line-length = 100\n"), (".ruff.toml", "")],
    "mypy": [("mypy.ini", "[mypy]\n"), ("setup.cfg", "[mypy]\n[mypy-x]\n")],
    "pytest": [("pytest.ini", ""), ("tox.ini", "[pytest]\n"), ("setup.cfg", "[tool:pytest]\n")],
    "coverage": [(".coveragerc", ""), ("setup.cfg", "[coverage:run]\n"), ("tox.ini", "[coverage:report]\n")],
    "poe": [("poe_tasks.toml", "")],
}
"""Files with settings of each tool."""


@pytest.mark.parametrize(("tool", "file", "text"), [(tool, *one) for tool, some in SETTINGS.items() for one in some])
def test_settings_in_other_files_are_not_shadowed(tool: str, file: str, text: str, tmp_path: Path) -> None:
    bare = PLAIN.with_tables({"dependency-groups": None})
    assert tool not in tomllib.loads(merged(bare.with_files({file: text}), tmp_path))["tool"]


def test_other_sections_are_no_settings(tmp_path: Path) -> None:
    bare = PLAIN.with_tables({"dependency-groups": None})
    text = merged(bare.with_files({"setup.cfg": "[flake8]\n", "tox.ini": "[tox]\n"}), tmp_path)
    assert tomllib.loads(text)["tool"].keys() >= SETTINGS.keys()


def test_settings_inside_pyproject_are_merged_by_meaning(tmp_path: Path) -> None:
    tool = tomllib.loads(merged(shape("inside settings"), tmp_path))["tool"]
    assert tool["ruff"] == {"lint": {"select": ["E"]}}
    assert tool["pytest"] == {"ini_options": {"addopts": "-q"}}
    assert tool["mypy"] == {"warn_unused_ignores": True, "files": ["src", "tests"]}
    assert tool["poe"]["tasks"]["test"] == "pytest tests"
    assert {"check", "drift"} <= tool["poe"]["tasks"].keys()


def test_a_form_that_cannot_be_extended_is_refused(tmp_path: Path) -> None:
    tables = {"tool": 'poetry = { package-mode = false }\npoe = { tasks = { a = "true" } }\n'}
    with pytest.raises(RefusalError, match=r"^Write each table below `tool` in pyproject\.toml with a header"):
        merged(PLAIN.with_tables(tables), tmp_path)


@pytest.mark.parametrize(
    "tasks",
    [
        {"tool.poe.tasks.build": 'cmd = "true"\n'},
        {"tool.poe": 'tasks.build = "true"\n'},
        {"tool.poe.tasks": 'build = "true"\n'},
        {"tool.poe": "verbosity = 1\n"},
    ],
)
def test_tasks_in_each_form_get_the_missing_ones(tasks: dict[str, str], tmp_path: Path) -> None:
    data = tomllib.loads(merged(PLAIN.with_tables(tasks), tmp_path))
    assert {"check", "test", "drift"} <= data["tool"]["poe"]["tasks"].keys()


def test_tools_without_settings_keep_none_but_the_files_of_mypy(tmp_path: Path) -> None:
    dependencies = 'dev = ["pytest", "mypy", "ruff", "pytest-cov"]\n'
    tool = tomllib.loads(merged(PLAIN.with_tables({"dependency-groups": dependencies}), tmp_path))["tool"]
    assert {"ruff", "pytest", "coverage"} & tool.keys() == set()
    assert tool["mypy"] == {"files": ["src", "tests"]}


def test_existing_code_needs_no_full_coverage_and_no_strict_types(tmp_path: Path) -> None:
    tool = tomllib.loads(merged(PLAIN, tmp_path))["tool"]
    assert tool["mypy"].keys() == {"files", "python_version"}
    assert "fail_under" not in tool["coverage"]["report"]
    assert "branch" in tool["coverage"]["run"]


def test_own_hooks_need_no_tools_of_the_template(tmp_path: Path) -> None:
    data = tomllib.loads(merged(PLAIN.with_files({".pre-commit-config.yaml": "repos: []\n"}), tmp_path))
    assert {"ruff", "mypy"} & data["tool"].keys() == set()
    assert not any(one.startswith(("ruff", "mypy")) for one in data["dependency-groups"]["dev"])
    assert data["tool"]["poe"]["tasks"]["check"]["cmd"] == "pre-commit run --all-files"


def test_a_member_is_checked_without_pre_commit(tmp_path: Path) -> None:
    project = read(shape("member"), tmp_path / "one")
    assert planned(project).kept[".pre-commit-config.yaml"].startswith("pre-commit reads it at the top")
    assert derived(project)["repository_host"] == "none"
    data = tomllib.loads(merged(shape("member"), tmp_path / "two"))
    commands = [one["cmd"] for one in data["tool"]["poe"]["tasks"]["check"]["sequence"]]
    assert commands == ["poetry check --lock", "ruff format --check", "ruff check", "mypy"]


def test_hooks_fit_the_tools(tmp_path: Path) -> None:
    hooks = (working_tree().render({}))[".pre-commit-config.yaml"].decode()
    project = read(shape("own settings"), tmp_path)
    fitted = merge_hooks(project, hooks, {"mypy"}, strict=False)
    assert "ruff" not in fitted
    assert "entry: poetry run mypy src tests\n" in fitted
    assert "entry: poetry check --lock\n" in fitted
    assert merge_hooks(read(PLAIN, tmp_path / "plain"), hooks, {"mypy", "ruff"}, strict=True) == hooks


def test_nothing_of_pyproject_is_lost(tmp_path: Path) -> None:
    for name in SHAPES:
        before = shape(name).pyproject()
        lines = merged(shape(name), tmp_path / name).splitlines()
        assert [line for line in before.splitlines() if line not in lines] == [], name


def test_line_ends_stay(tmp_path: Path) -> None:
    windows = PLAIN.with_files({".gitignore": "*.txt\r\n"})
    tables = {name: text.replace("\n", "\r\n") for name, text in PLAIN.tables.items()}
    text = merged(replace(windows, tables=tables), tmp_path / "one")
    project = read(replace(windows, tables=tables), tmp_path / "two")
    ignored, _ = merge_gitignore(project, "/dist/\n", {"/dist/": False}, [])
    assert ignored == "*.txt\r\n\r\n/dist/\r\n"
    assert text.count("\r\n") == text.count("\n")


def test_attributes_of_the_project_stay(tmp_path: Path) -> None:
    """A project without them gets the template's."""
    own = planned(read(PLAIN.with_files({".gitattributes": "*.bin filter=lfs\n"}), tmp_path / "one"))
    assert own.kept[".gitattributes"] == "the project has it"
    assert ".gitattributes" in planned(read(PLAIN, tmp_path / "two")).added


def test_gitignore_gets_lines_that_hide_no_tracked_file(tmp_path: Path) -> None:
    project = read(PLAIN.with_files({".gitignore": "__pycache__\n*.txt"}), tmp_path)
    rendered = "__pycache__/\n.env\n/dist/\n"
    tracked = {"__pycache__/": False, ".env": True, "/dist/": False}
    text, notes = merge_gitignore(project, rendered, tracked, [".tools/poetry.txt"])
    assert text == "__pycache__\n*.txt\n\n/dist/\n!/.tools/poetry.txt\n"
    assert notes == ["Not added to .gitignore: .env, as Git tracks such a file."]


def lock(**versions: str) -> comparison.Packages:
    """Return the packages of a lock."""
    text = "".join(f'[[package]]\nname = "{name}"\nversion = "{version}"\n' for name, version in versions.items())
    return comparison.packages(text)


def test_differences_of_locks() -> None:
    assert comparison.lock_differences(lock(a="1", b="1"), lock(a="1", b="1", c="1")) == []
    assert comparison.lock_differences(lock(a="1", b="1"), lock(b="2")) == ["a 1 left the lock", "b 1 is now 2"]


def test_differences_of_wheels() -> None:
    old = Wheel(("a.py", "b.py"), (("Name", "x"),))
    assert comparison.wheel_differences(old, old) == []
    new = Wheel(("a.py", "c.py"), (("Name", "y"),))
    assert comparison.wheel_differences(old, new) == ["lacks b.py", "has c.py", "has other metadata: Name"]
    many = Wheel(tuple(map(str, range(9))), ())
    assert comparison.wheel_differences(Wheel((), ()), many)[-1] == "and 4 other differences"


def test_differences_of_files(tmp_path: Path) -> None:
    project = existing(PLAIN, tmp_path, lock=False)
    script = "echo >> README.md; echo >> pyproject.toml; git rm -q LICENSE; touch new; git add -A; git commit -qm Edit"
    run("sh", "-c", script, cwd=project)
    assert comparison.file_differences(project, "start", {"pyproject.toml"}) == ["LICENSE", "README.md"]


def test_the_context_of_a_build(tmp_path: Path) -> None:
    files = {".dockerignore": "*\n!src\n!LICEN[CS]E*\n!data/a.txt\n", "data/a.txt": "", "data/b.txt": "", "x/src/a": ""}
    project = existing(PLAIN.with_files({**files, "src/b.pyx": "", ".gitignore": "*.pyx\n"}), tmp_path, lock=False)
    assert comparison.hidden_files(project) == ["src/b.pyx"]
    comparison.copy_context(project, tmp_path / "context")
    found = {
        path.relative_to(tmp_path / "context").as_posix()
        for path in (tmp_path / "context").rglob("*")
        if path.is_file()
    }
    assert found == {"src/tally/__init__.py", "src/tally/cli.py", "LICENSE", "data/a.txt"}


@pytest.mark.parametrize(
    ("shape", "arguments"),
    [
        (PLAIN, []),
        (PLAIN.with_tables({"tool.poe.tasks": 'test = "pytest --quiet tests"\n'}), ["--quiet", "tests"]),
        (PLAIN.with_tables({"tool.poe.tasks": 'test.cmd = "coverage run -m pytest checks"\n'}), ["checks"]),
        (PLAIN.with_files({"Makefile": "all:\n\tpytest no\n\ntest:\n\tpoetry run pytest tests | tee x\n"}), ["tests"]),
        (PLAIN.with_files({"Makefile": "test:\n\tpytest $(ARGS)\n"}), []),
    ],
)
def test_the_test_command_of_a_project(shape: Shape, arguments: list[str], tmp_path: Path) -> None:
    assert comparison.test_command(read(shape, tmp_path)) == arguments
