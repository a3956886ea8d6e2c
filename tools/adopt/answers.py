"""The answers to the template's questions, derived from an existing project. One function a question."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

import yaml
from packaging.markers import InvalidMarker, Marker
from packaging.requirements import Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from tools.adopt.project import Project, RefusalError
from tools.render.template import Template


@dataclass(frozen=True)
class Answer:
    """An answer, and its source."""

    value: Any
    source: str


Known = Mapping[str, Answer]
"""The answers to the questions before."""

CI = (
    ".github/workflows/*.yml",
    ".github/workflows/*.yaml",
    ".forgejo/workflows/*",
    ".gitea/workflows/*",
    ".gitlab-ci.yml",
    ".gitlab-ci.yaml",
    ".circleci/config.yml",
    ".travis.yml",
    ".cirrus.yml",
    ".drone.yml",
    ".woodpecker.yml",
    ".woodpecker/*",
    ".buildkite/*",
    "appveyor.yml",
    ".appveyor.yml",
    "azure-pipelines.yml",
    ".azure-pipelines/*",
    "bitbucket-pipelines.yml",
    "Jenkinsfile",
)
"""Files of continuous integration. In patterns, * matches slashes too."""

IMAGES = ("Dockerfile*", "*/Dockerfile*", "*.Dockerfile", "Containerfile*", "*/Containerfile*", ".dockerignore")
"""Files of images. An allow-list in .dockerignore breaks each build whose context is the project's folder."""

DOCKERFILES = IMAGES[:-1]
"""Dockerfiles, apart from .dockerignore."""

DEVELOPMENT = frozenset(("main", "dev", "test", "tests", "docs", "lint", "typing"))
"""Dependency groups that the image never needs, and the main one, which it always has."""

DEPENDABOT = (".github/dependabot.yml", ".github/dependabot.yaml")

LICENSES = {
    "MIT": r"MIT( License)?|Expat",
    "Apache-2.0": r"Apache([ -]?2(\.0)?|( Software)? License,?( Version)? ?2(\.0)?)",
    "BSD-3-Clause": r"BSD[ -]3([ -]Clause)?( License)?|New BSD( License)?",
    "GPL-3.0-or-later": r"GPL-?v?3(\.0)?(\+|-or-later)",
}
"""Patterns of the names of each licence that the template knows."""

NO_CODE = {"test", "tests", "testing", "doc", "docs", "example", "examples", "notebook", "notebooks", "benchmarks"}
"""Folders of scripts that no image needs."""

NO_SCRIPTS = {"conftest.py", "setup.py", "noxfile.py", "tasks.py", "fabfile.py", "dodo.py"}
"""Modules in the root that no image needs."""

BUILD_PROGRAMS = {r"\bmsgfmt\b": "gettext", r"\b(Extension|cythonize|cmake)\b": "build-essential"}
"""Words of a build script, and the Debian packages with the programs that they need."""

PUBLIC_SOURCES = ("pytorch", "pypi")
"""Words in the addresses of public indexes."""


def project_type(project: Project, _: Known) -> Answer:
    """Return an environment for no package, and a service if the package has the health check of the image."""
    if not project.is_package:
        return Answer("environment", "[tool.poetry] package-mode")
    mains = [path for path in project.files if path.endswith(f"{project.module}/__main__.py")]
    for main in mains:
        folder = PurePosixPath(main).parent.as_posix()
        modules = [path for path in project.files if path.startswith(f"{folder}/") and path.endswith(".py")]
        for module in modules:
            if "/health/ready" in project.read(module):
                return Answer("service", f"/health/ready in {module}")
    return Answer("package", "pyproject.toml")


def project_name(project: Project, _: Known) -> Answer:
    """Return the name of the distribution."""
    value, source = project.fact("name")
    return Answer(project.name, source if value else "the name of the folder")


def project_description(project: Project, _: Known) -> Answer:
    """Return the description in one line."""
    value, source = project.fact("description")
    return Answer(" ".join(str(value or "").split()), source if value else "the project has none")


def package_name(project: Project, _: Known) -> Answer:
    """Return the import name."""
    return Answer(project.module, "packages of the wheel")


def command_name(project: Project, _: Known) -> Answer:
    """Return the command with the name of the project, or the first one."""
    scripts = project.scripts
    if not scripts:
        return Answer(canonicalize_name(project.name), "the name, as the project has no command")
    wanted = {canonicalize_name(project.name), canonicalize_name(project.module)}
    name = next((one for one in scripts if canonicalize_name(one) in wanted), next(iter(scripts)))
    others = len(scripts) - 1
    return Answer(name, f"scripts in pyproject.toml{f', the first of {others + 1}' if others else ''}")


def _author(project: Project) -> tuple[str, str, str]:
    """Return the name, the e-mail address and the source of the first author."""
    value, source = project.fact("authors")
    if not value:
        return "", "", "the project has none"
    first = value[0]
    if isinstance(first, Mapping):
        return str(first.get("name", "")), str(first.get("email", "")), source
    match = re.fullmatch(r"\s*([^<]*?)\s*(?:<([^>]*)>)?\s*", str(first))
    return (match[1], match[2] or "", source) if match else ("", "", "the project has none")


def author_name(project: Project, _: Known) -> Answer:
    """Return the name of the first author."""
    name, _email, source = _author(project)
    return Answer(name, source)


def author_email(project: Project, _: Known) -> Answer:
    """Return the e-mail address of the first author."""
    _name, email, source = _author(project)
    return Answer(email, source)


def license_text(project: Project) -> tuple[str, str]:
    """Return the licence in the words of the project, and the place of these."""
    value, source = project.fact("license")
    if isinstance(value, Mapping):
        value = value.get("text", "")
    if value:
        return " ".join(str(value).split()), source
    classifiers = project.fact("classifiers")[0] or []
    for classifier in classifiers:
        if classifier.startswith("License :: OSI Approved :: "):
            return classifier.rpartition(" :: ")[2], "classifiers"
    return "", "the project has none"


def license(project: Project, _: Known) -> Answer:
    """Return the licence, or Proprietary for one that the template does not know."""
    text, source = license_text(project)
    for name, pattern in LICENSES.items():
        if re.fullmatch(pattern, text, re.IGNORECASE):
            return Answer(name, source)
    return Answer("Proprietary", f"{source}: {text}, which the template does not know" if text else source)


def python_version(project: Project, _: Known, versions: Sequence[str] = ()) -> Answer:
    """Return the oldest supported Python that the template knows."""
    for version in versions:
        if project.supports(version):
            floor = "" if version != versions[0] else ", the oldest of the template"
            return Answer(version, f"supported Pythons {project.pythons}{floor if project.supports('3.10') else ''}")
    raise RefusalError(
        f"Support a Python of {', '.join(versions)} first: the project supports {project.pythons} alone."
    )


def _remote(project: Project) -> tuple[str, str]:
    """Return the host and the owner of the remote `origin`, or nothing."""
    match = re.search(r"(github|gitlab)\.com[:/](.+?)/[^/]+?(?:\.git)?/?$", project.origin)
    return (match[1], match[2]) if match else ("", "")


def repository_host(project: Project, _: Known) -> Answer:
    """Return the host of the remote, or none if CI is there already or would not run."""
    if project.is_member:
        return Answer("none", "a subfolder of a repository, where no host looks for CI")
    if own := project.matching(*CI):
        return Answer("none", f"own CI in {own[0]}")
    host, _owner = _remote(project)
    return Answer(host, "the remote origin") if host else Answer("none", "no remote origin on a known host")


def repository_owner(project: Project, _: Known) -> Answer:
    """Return the owner of the remote."""
    return Answer(_remote(project)[1], "the remote origin")


def docker(project: Project, known: Known) -> Answer:
    """Return whether to add an image: not beside another, and only if there is something to start."""
    if own := project.matching(*IMAGES):
        return Answer(False, f"own image in {own[0]}; for the template's, pass --data docker=true")
    outside = [package for package in path_dependencies(project) if package.startswith("..")]
    if outside:
        return Answer(False, f"the dependency {outside[0]} is outside of the folder")
    if known["project_type"].value == "package" and not project.scripts:
        return Answer(False, "a package without a command; for an image, pass --data docker=true")
    return Answer(True, "no own image")


def dependency_updates(project: Project, _: Known) -> Answer:
    """Return Dependabot if the project has settings of it."""
    if own := project.matching(*DEPENDABOT):
        return Answer("dependabot", own[0])
    return Answer("renovate", "the default")


def image_python(project: Project, known: Known, versions: Sequence[str] = (), default: str = "") -> Answer:
    """Return the newest Python, up to the template's default, for which the locked packages have wheels."""
    oldest = known["python_version"].value
    within = versions[versions.index(oldest) : max(versions.index(oldest), versions.index(default)) + 1]
    supported = [version for version in within if project.supports(version)]
    best = min(reversed(supported), key=lambda version: len(lacking(project, version)))
    if missing := lacking(project, best):
        return Answer(best, f"no Python has all wheels: the build compiles {', '.join(missing)}")
    return Answer(best, "the newest for which the locked packages have wheels")


def lacking(project: Project, version: str) -> list[str]:
    """Return the locked packages of the main group that have wheels, but none for a Python on Linux."""
    minor = int(version.split(".")[1])
    environment = {"python_version": version, "python_full_version": f"{version}.0", "sys_platform": "linux"}
    environment |= {"platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64", "extra": ""}
    names = []
    for package in project.lock.get("package", []):
        if package.get("optional") or "main" not in package.get("groups", ["main"]):
            continue
        markers = package.get("markers", "")
        marker = markers.get("main", "") if isinstance(markers, Mapping) else markers
        try:
            applies = not marker or Marker(marker).evaluate(environment)
        except InvalidMarker:
            applies = True
        wheels = [file["file"] for file in package.get("files", []) if file["file"].endswith(".whl")]
        if applies and wheels and not any(_runs(wheel, minor) for wheel in wheels):
            names.append(str(package["name"]))
    return names


def _runs(wheel: str, minor: int) -> bool:
    """Return whether a wheel runs on CPython 3.`minor` on Linux."""
    try:
        tags = parse_wheel_filename(wheel)[3]
    except InvalidWheelFilename:
        return False
    for tag in tags:
        on_linux = tag.platform == "any" or (
            tag.platform.startswith(("manylinux", "linux")) and "x86_64" in tag.platform
        )
        match = re.fullmatch(r"(cp|py)3(\d*)", tag.interpreter)
        if not on_linux or not match:
            continue
        built = int(match[2] or 0)
        if tag.abi == f"cp3{minor}" or (tag.abi in ("abi3", "none") and built <= minor):
            return True
    return False


def builder_packages(project: Project, _: Known) -> Answer:
    """Return the Debian packages for dependencies from Git, and for programs that the build script starts."""
    names: dict[str, str] = {}
    for package in project.lock.get("package", []):
        source = package.get("source", {})
        if source.get("type") == "git" and "main" in package.get("groups", ["main"]):
            names["git"] = f"dependencies from Git, such as {package['name']}"
            if not source["url"].startswith("http"):
                names["openssh-client"] = names["git"]
    script = _build_script(project)
    text = project.read(script) if script in project.files else ""
    names |= {
        name: f"the build script {script}" for pattern, name in BUILD_PROGRAMS.items() if re.search(pattern, text)
    }
    return Answer(
        " ".join(names), "; ".join(dict.fromkeys(names.values())) or "no need in poetry.lock or a build script"
    )


def _build_script(project: Project) -> str:
    """Return the path of the build script, or nothing."""
    script = project.poetry.get("build", "")
    return str(script.get("script", "") if isinstance(script, Mapping) else script)


def runtime_packages(project: Project, _: Known) -> Answer:
    """Return no Debian packages, and tell which ones the project's own image has: some may serve its build alone."""
    for path in project.matching(*DOCKERFILES):
        text = re.sub(r"\\\s*\n", " ", _last_stage(project.read(path), ["^FROM"]))
        listed = " ".join(re.findall(r"\bapt(?:-get)?\b[^&;|\n]*\binstall\b([^&;|\n]*)", text)).split()
        if names := [name for name in dict.fromkeys(listed) if re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name)]:
            return Answer("", f"pass those that the program needs: {path} installs {', '.join(names)}")
    return Answer("", "no own image with Debian packages")


def image_groups(project: Project, _: Known) -> Answer:
    """Return the groups that the project's own image installs, except those for development."""
    declared = set(project.package.dependency_group_names(include_optional=True)) - DEVELOPMENT
    return _installed(project, "groups", declared, r"--(?:with|only)[ =]['\"]?([\w., -]+)")


def image_extras(project: Project, _: Known) -> Answer:
    """Return the extras that the project's own image installs."""
    declared = set(project.package.extras)
    return _installed(project, "extras", declared, r"(?:-E|--extras)[ =]['\"]?([\w., -]+)", r"\.\[([\w., -]+)\]")


def _installed(project: Project, kind: str, declared: AbstractSet[str], *patterns: str) -> Answer:
    """Return the declared groups or extras that the last stage of an own Dockerfile installs."""
    for path in project.matching(*DOCKERFILES):
        text = _last_stage(project.read(path))
        if f"--all-{kind}" in text:
            return Answer(" ".join(sorted(declared)), f"--all-{kind} in {path}")
        listed = {
            name for pattern in patterns for found in re.findall(pattern, text) for name in re.split("[, ]+", found)
        }
        if wanted := declared & set(map(canonicalize_name, listed)):
            return Answer(" ".join(sorted(wanted)), path)
    return Answer(
        "", f"no need known; the project has {', '.join(sorted(declared))}" if declared else "the project has none"
    )


def _last_stage(dockerfile: str, uses: Sequence[str] = ("^FROM", "--from")) -> str:
    """Return the text of the last stage of a Dockerfile, and of those that it begins with or copies from."""
    stages: dict[str, str] = {}
    commands = re.sub(r"(?m)^\s*#.*\n", "", dockerfile)
    for text in re.split(r"(?mi)^(?=FROM\s)", commands)[1:]:
        name = re.match(r"(?i)FROM\s.*?\sAS\s+(\S+)", text)
        stages[name[1].lower() if name else str(len(stages))] = text
    wanted = list(stages)[-1:]
    for stage in wanted:
        used = re.findall(rf"(?im)(?:{'|'.join(uses)})[\s=]+(?:--platform=\S+\s+)?(\S+)", stages[stage])
        wanted += [one.lower() for one in used if one.lower() in stages and one.lower() not in wanted]
    return "".join(stages[stage] for stage in wanted)


def build_files(project: Project, known: Known) -> Answer:
    """Return the files and folders from which the wheel is built, or the scripts."""
    if known["project_type"].value == "environment":
        found = list(dict.fromkeys(_scripts(project)))
        return Answer(" ".join(found) or "scripts", "folders and files with Python code" if found else "the default")
    found = list(dict.fromkeys(path for path in _build_files(project) if path))
    kept = [path for path in found if not any(path != other and _below(path, other) for other in found)]
    return Answer(" ".join(kept), "packages, includes and build script in pyproject.toml")


def _scripts(project: Project) -> Iterator[str]:
    """Yield the folders and files with Python code that are no tests."""
    for path in project.files:
        first = PurePosixPath(path).parts[0]
        is_test = first.startswith("test_") or first.endswith("_test.py")
        if path.endswith(".py") and first.lower() not in NO_CODE | NO_SCRIPTS and first[0] != "." and not is_test:
            yield first


def code(project: Project) -> list[str]:
    """Return the folders and files with the code of a project."""
    if not project.is_package:
        return list(dict.fromkeys(_scripts(project)))
    paths = [path for pattern in project.packages() for path in _paths(project, pattern)]
    return [path for path in dict.fromkeys(paths) if not path.endswith("tests")]


def _build_files(project: Project) -> Iterator[str]:
    """Yield the paths that a build of the wheel reads, apart from those that the template lists already."""
    for pattern in project.packages():
        yield from _paths(project, pattern)
    # poetry-core 2 includes such files in the sdist alone.
    default = "sdist" if _builds_with(project, "2.4") else "wheel"
    for include in project.poetry.get("include", []):
        formats = include.get("format") if isinstance(include, Mapping) else None
        if "wheel" in (formats or default):
            yield from _paths(project, str(include["path"] if isinstance(include, Mapping) else include))
    if script := _build_script(project):
        yield script
        text = project.read(script) if script in project.files else ""
        tops = dict.fromkeys(PurePosixPath(path).parts[0] for path in project.files)
        yield from (
            top for top in tops if re.search(rf"(?<![\w.]){re.escape(top)}(?![\w])", text) and top not in NO_CODE
        )
    backend = project.data.get("build-system", {}).get("build-backend", "")
    if backend and "poetry" not in backend:
        yield from _scripts(project)
        yield from (path for path in ("setup.py", "setup.cfg", "MANIFEST.in") if path in project.files)
    readme = project.fact("readme")[0]
    named = (
        [readme.get("file", "")] if isinstance(readme, Mapping) else readme if isinstance(readme, list) else [readme]
    )
    licence = project.project.get("license")
    named += [licence.get("file", "")] if isinstance(licence, Mapping) else []
    named += project.project.get("license-files", [])
    for name in filter(None, named):
        if not re.match(r"(?i)(README|LICEN[CS]E|COPYING|NOTICE|AUTHORS)", str(name)):
            yield from _paths(project, str(name))
    yield from (path for path in path_dependencies(project) if not path.startswith(".."))


def _builds_with(project: Project, version: str) -> bool:
    """Return whether the build system accepts a version of poetry-core."""
    requirements = map(Requirement, project.data.get("build-system", {}).get("requires", []))
    return all(one.specifier.contains(version) for one in requirements if one.name == "poetry-core")


def _paths(project: Project, pattern: str) -> Iterator[str]:
    """Yield the tracked folder of a pattern that has files, or the files that match it in the root."""
    parts = PurePosixPath(pattern).parts
    fixed = [part for part in parts if not set(part) & set("*?[")]
    if len(fixed) < len(parts):
        fixed = list(parts[: [bool(set(part) & set("*?[")) for part in parts].index(True)])
    path = "/".join(fixed)
    if not path:
        yield from (file for file in project.matching(pattern) if "/" not in file)
    elif any(_below(file, path) for file in project.files):
        yield "src" if path.startswith("src/") else path


def _below(path: str, folder: str) -> bool:
    """Return whether a path is a folder or below it."""
    return path == folder or path.startswith(f"{folder}/")


def path_dependencies(project: Project) -> Iterator[str]:
    """Yield the paths of the locked packages that are files or folders."""
    for package in project.lock.get("package", []):
        source = package.get("source", {})
        if source.get("type") in ("file", "directory"):
            yield source["url"]


def package_index(project: Project, _: Known) -> Answer:
    """Return whether the project has a private index, and its place."""
    source = _source(project)
    if source is None:
        return Answer("public", "no [[tool.poetry.source]] with a login")
    kind = "private" if source.get("priority", "primary") in ("primary", "default") else "additional"
    return Answer(kind, f"[[tool.poetry.source]] {source['name']}")


def package_index_url(project: Project, _: Known) -> Answer:
    """Return the address of the private index."""
    source = _source(project)
    return (
        Answer(str(source["url"]).rstrip("/"), f"[[tool.poetry.source]] {source['name']}") if source else Answer("", "")
    )


def _source(project: Project) -> Mapping[str, Any] | None:
    """Return the first index that is not known as public."""
    for source in project.poetry.get("source", []):
        if "url" in source and not any(word in str(source["url"]) for word in PUBLIC_SOURCES):
            return dict(source)
    return None


DERIVATIONS: Mapping[str, Callable[[Project, Known], Answer]] = {
    function.__name__: function
    for function in (
        project_type,
        project_name,
        project_description,
        package_name,
        command_name,
        author_name,
        author_email,
        license,
        python_version,
        repository_host,
        repository_owner,
        docker,
        dependency_updates,
        image_python,
        builder_packages,
        runtime_packages,
        image_groups,
        image_extras,
        build_files,
        package_index,
        package_index_url,
    )
}
"""The function of each question that is derived. The other questions have the default of the template."""

OPTIONAL = {
    "project_description",
    "author_name",
    "author_email",
    "package_name",
    "repository_owner",
    "package_index_url",
    "build_files",
}
"""Questions whose default is right if the template does not accept the derived answer."""


def derive(project: Project, overrides: Mapping[str, str], template: Template) -> dict[str, Answer]:
    """Answer the template's questions for a project.

    Args:
        project: The project.
        overrides: Answers of the user, as text.
        template: The template.

    Returns:
        The answers to the questions that are asked, with their sources.

    Raises:
        RefusalError: The template does not accept an answer.
    """
    unknown = [key for key in overrides if template.questions.get(key, {}).get("when", True) is False]
    unknown += [key for key in overrides if key not in template.questions]
    if unknown:
        raise RefusalError(f"Correct --data {unknown[0]}: docs/options.md lists the questions.")
    versions = list(template.questions["python_versions"]["default"])
    newest = str(template.questions["python_version"]["default"])
    found: dict[str, Answer] = {}
    for key in template.questions:
        if key in overrides:
            value = yaml.safe_load(overrides[key]) if key in ("docker", "docs", "devcontainer") else overrides[key]
            found[key] = Answer(value, "--data")
        elif key == "python_version":
            found[key] = python_version(project, found, versions)
        elif key == "image_python":
            found[key] = image_python(project, found, versions, newest)
        elif key in DERIVATIONS:
            found[key] = DERIVATIONS[key](project, found)
    return _accepted(found, template)


def _accepted(found: dict[str, Answer], template: Template) -> dict[str, Answer]:
    """Leave out answers that are not asked, or that the template does not accept and that have a right default."""
    for _ in range(len(found)):
        values = {key: answer.value for key, answer in found.items()}
        accepted, reasons = template.checked(values)
        optional = [
            key for key in reasons if key in OPTIONAL and found.get(key, Answer("", "--data")).source != "--data"
        ]
        if not optional:
            break
        for key in optional:
            del found[key]
    for key, reason in reasons.items():
        raise RefusalError(f"Pass --data {key}=ANSWER: the template does not accept {values.get(key, '')!r}. {reason}")
    default = Answer("", "the default")
    return {key: replace(found.get(key, default), value=value) for key, value in accepted.items()}
