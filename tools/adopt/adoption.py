"""The adoption of a project in a clone of its repository, and the comparison of both.

docs/adopting.md explains the result.
"""

import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

import yaml

from tools.adopt import comparison
from tools.adopt.answers import Answer, derive
from tools.adopt.comparison import BuildError, CollectionError
from tools.adopt.files import Plan, merge_gitignore, plan
from tools.adopt.poetry import environment, poetry
from tools.adopt.project import Project, RefusalError, read_project
from tools.adopt.pyproject import Merge, merge, merge_hooks, missing_tools
from tools.clone import ANSWERS, CloneError, answers_files, load_answers, read_file
from tools.published import published_address
from tools.render.template import Files, Template
from tools.repository import ROOT, git

BRANCH = "adopt-template"
FIRST = "Add files of the template"
SECOND = "Add tools and settings of the template"


@dataclass
class Adoption:
    """An adopted project.

    Attributes:
        answers: The answers with their sources.
        plan: The files.
        merge: The merged pyproject.toml.
        tools: The added development dependencies.
        skipped: The reasons why other development dependencies are not added.
        compared: The subjects of the comparisons, with their results.
        differences: What differs.
        diff: The changes of pyproject.toml and .gitignore.
    """

    answers: dict[str, Answer]
    plan: Plan
    merge: Merge
    tools: dict[str, str]
    skipped: dict[str, str]
    compared: list[tuple[str, str]] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    diff: str = ""


def adopt(
    path: Path,
    overrides: Mapping[str, str] | None = None,
    *,
    template: str = str(ROOT),
    reference: str = "HEAD",
    branch: str = BRANCH,
    answers_file: str = ANSWERS,
    dry_run: bool = False,
    tests: bool = True,
) -> Adoption:
    """Adopt a project in a clone of its repository, and fetch the branch at the end.

    Args:
        path: The folder of its pyproject.toml.
        overrides: Answers of the user, as text.
        template: The address of the template, which the answers file records.
        reference: The commit or the tag of the template.
        branch: The name of the new branch.
        answers_file: The name of the answers file.
        dry_run: Leave the branch out.
        tests: Compare the collected tests.

    Raises:
        RefusalError: The project cannot be adopted. Nothing was changed.
    """
    project = read_project(path)
    if (
        subprocess.run(
            ["git", "show-ref", "--verify", "--quiet", f"refs/heads/{branch}"], cwd=project.top, check=False
        ).returncode
        == 0
    ):
        raise RefusalError(f"Delete or rename the branch {branch} first: `git branch --delete --force {branch}`.")
    author = _author(project)
    compiled = Template()
    _check_answers_files(project, answers_file, template, compiled)
    answers = derive(project, overrides or {}, compiled)
    with TemporaryDirectory() as temporary:
        clone = Path(temporary, "clones", project.top.name)
        git("clone", "--quiet", "--", str(project.top), str(clone))
        base = git("rev-parse", "HEAD", folder=project.top).strip()
        git("checkout", "--quiet", "--detach", base, folder=clone)
        folder = clone / project.folder.relative_to(project.top)
        strict = _check_lock(folder)
        rendered = render(answers, template, reference, Path(temporary, "rendered"), answers_file)
        adoption = _merge_into(project, folder, rendered, answers, strict)
        _commit(project, folder, rendered, adoption, author)
        _compare(project, clone, base, adoption, tests)
        adoption.diff = git("diff", "--no-ext-diff", base, "HEAD", "--", "*pyproject.toml", "*.gitignore", folder=clone)
        if not dry_run:
            git("fetch", "--quiet", "--no-tags", str(clone), f"HEAD:refs/heads/{branch}", folder=project.top)
    return adoption


def _check_answers_files(project: Project, answers_file: str, address: str, template: Template) -> None:
    """Check that the project has no answers of this template, and that a new answers file replaces no other.

    Raises:
        RefusalError: It has.
    """
    names = {*answers_files(project.folder), *([answers_file] if project.exists(answers_file) else [])}
    for name in sorted(names):
        try:
            recorded = load_answers(read_file(project.folder, name), name).get("_src_path", address)
        except CloneError as error:
            raise RefusalError(f"Correct {name} first: {error}") from None
        other = template.other_template_error(name, recorded, address)
        if not other:
            option = "" if name == ANSWERS else f" --answers-file={shlex.quote(name)}"
            raise RefusalError(
                f"Run `copier update{option}` in {project.folder}: it has {name}, so it has adopted the template already."
            )
        if name == answers_file:
            raise RefusalError(other)


def _author(project: Project) -> dict[str, str]:
    """Return the variables of Git for the user of the project."""
    try:
        name, _, rest = git("var", "GIT_AUTHOR_IDENT", folder=project.folder).partition(" <")
    except subprocess.CalledProcessError:
        raise RefusalError(
            "Run `git config user.name` and `git config user.email` with your name and address first: Git needs an author."
        ) from None
    email = rest.partition(">")[0]
    return {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", name), ("EMAIL", email))
    }


def _check_lock(folder: Path) -> bool:
    """Return whether `poetry check --strict` accepts a project.

    Raises:
        RefusalError: Its lock file is stale, or Poetry cannot read it.
    """
    result = poetry(folder, "check", "--lock")
    if result.returncode:
        if "poetry.lock" in result.stdout:
            raise RefusalError("Run `poetry lock` with Poetry 2.4 or newer and commit poetry.lock first: it is stale.")
        errors = [line for line in result.stdout.splitlines() if line.startswith("Error: ")]
        reason = errors[0].removeprefix("Error: ") if errors else comparison.last_line(result.stdout)
        raise RefusalError(f"Correct pyproject.toml first, as `poetry check` refuses it: {reason}")
    return "Warning: " not in result.stdout


def render(
    answers: Mapping[str, Answer], template: str, reference: str, folder: Path, answers_file: str = ANSWERS
) -> Files:
    """Render the template with some answers as `copier copy` does, and return the files."""
    with NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as file:
        address = published_address() if template == str(ROOT) else None
        recorded = {"_src_path": address} if address else {}
        yaml.safe_dump({**{key: answer.value for key, answer in answers.items()}, **recorded}, file)
        file.flush()
        options = ["--defaults", "--quiet", f"--vcs-ref={reference}", f"--data-file={file.name}"]
        options += [f"--answers-file={answers_file}"]
        command = [sys.executable, "-m", "copier", "copy", *options, template, str(folder)]
        subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def _merge_into(project: Project, folder: Path, rendered: Files, answers: dict[str, Answer], strict: bool) -> Adoption:
    """Merge the template into a clone of a project, without a commit."""
    found = plan(project, rendered, answers)
    pyproject = rendered["pyproject.toml"].decode()
    files = {*project.files, *found.added}
    tools, skipped = _locked(project, folder, pyproject, files)
    merged = merge(project, pyproject, tools, files)
    hooks = ".pre-commit-config.yaml"
    if hooks in found.added:
        has = {name for name in ("mypy", "ruff") if name in tools or project.declares(name)}
        found.added[hooks] = merge_hooks(project, found.added[hooks].decode(), has, strict).encode()
    return Adoption(answers, found, merged, tools, skipped)


def _locked(project: Project, folder: Path, pyproject: str, files: set[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the tools that can be locked beside the project's packages, and why others cannot.

    All of them at once, or else each by itself: with the template's versions, or else with any.
    """
    before = comparison.packages((folder / "poetry.lock").read_text(encoding="utf-8"))
    original = (folder / "poetry.lock").read_bytes()

    def differences(tools: Mapping[str, str]) -> list[str]:
        (folder / "pyproject.toml").write_text(
            merge(project, pyproject, tools, files).text, encoding="utf-8", newline=""
        )
        (folder / "poetry.lock").write_bytes(original)
        result = poetry(folder, "lock")
        if result.returncode:
            return [f"`poetry lock` fails: {comparison.last_line(result.stdout)}"]
        after = comparison.packages((folder / "poetry.lock").read_text(encoding="utf-8"))
        return comparison.lock_differences(before, after)

    wanted = missing_tools(project, pyproject)
    if not differences(wanted):
        return wanted, {}
    alone = differences({})
    if alone and alone[0].startswith("`poetry lock` fails"):
        raise RefusalError(f"Run `poetry lock` and commit poetry.lock first. {alone[0]}")
    found: dict[str, str] = {}
    skipped: dict[str, str] = {}
    for name, text in wanted.items():
        any_version = name + "".join(text.partition(";")[1:])
        for requirement in (text, any_version):
            reasons = [one for one in differences({**found, name: requirement}) if one not in alone]
            if not reasons:
                found[name] = requirement
                break
        else:
            skipped[name] = reasons[0]
    differences(found)
    return found, skipped


def _commit(project: Project, folder: Path, rendered: Files, adoption: Adoption, author: Mapping[str, str]) -> None:
    """Commit the files of the template, and then the tools and settings."""
    found = adoption.plan
    for path, content in {**found.added, **found.replaced}.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    forced = [path for path in found.added if _ignored(folder, path)]
    found.notes += [f"Added although the project ignores it: {path}." for path in forced]
    hidden = comparison.hidden_files(folder) if adoption.answers["docker"].value else []
    built = str(adoption.answers["build_files"].value).split() if hidden else []
    hidden = [path for path in hidden if any(path == one or path.startswith(f"{one}/") for one in built)]
    found.notes += [f"Added to .gitignore: !/{path}, as the image leaves out ignored files." for path in hidden]
    names = [*found.added, *found.replaced]
    git("add", "--force", "--", *names, folder=folder)
    _commit_staged(folder, FIRST, author)
    lines = rendered[".gitignore"].decode()
    tracked = {
        line: bool(git("ls-files", "--cached", "--ignored", f"--exclude={line}", folder=folder))
        for line in lines.splitlines()
    }
    text, notes = merge_gitignore(project, lines, tracked, [*forced, *hidden])
    found.notes += notes
    (folder / ".gitignore").write_text(text, encoding="utf-8", newline="")
    git("add", "--force", "--", ".gitignore", "pyproject.toml", "poetry.lock", folder=folder)
    _commit_staged(folder, SECOND, author)


def _ignored(folder: Path, path: str) -> bool:
    """Return whether Git ignores a path."""
    return subprocess.run(["git", "check-ignore", "--quiet", path], cwd=folder, check=False).returncode == 0


def _commit_staged(folder: Path, message: str, author: Mapping[str, str]) -> None:
    """Commit the staged files, even if there are none."""
    git("commit", "--quiet", "--allow-empty", f"--message={message}", folder=folder, variables=author)


def _compare(project: Project, clone: Path, base: str, adoption: Adoption, tests: bool) -> None:
    """Compare the project before and after."""
    place = project.folder.relative_to(project.top)
    trees = {name: clone.parent.parent / name / clone.name for name in ("before", "after", "context")}
    git("worktree", "add", "--quiet", "--detach", str(trees["before"]), base, folder=clone)
    git("worktree", "add", "--quiet", "--detach", str(trees["after"]), "HEAD", folder=clone)
    before, after = trees["before"] / place, trees["after"] / place

    locks = [comparison.packages((folder / "poetry.lock").read_text(encoding="utf-8")) for folder in (before, after)]
    _record(adoption, "lock", f"{len(locks[0])} packages", comparison.lock_differences(*locks))

    allowed = {
        (place / name).as_posix() for name in ("pyproject.toml", "poetry.lock", ".gitignore", *adoption.plan.replaced)
    }
    changed = [f"{path} changed" for path in comparison.file_differences(clone, base, allowed)]
    _record(adoption, "files", f"{len(project.files)} files", changed)

    if project.is_package:
        _compare_wheels(before, after, trees["context"], adoption)
    if tests:
        _compare_tests(project, before, git("rev-parse", "HEAD", folder=clone).strip(), adoption)
    else:
        adoption.compared.append(("tests", "not compared: --no-tests"))


def _record(adoption: Adoption, subject: str, amount: str, differences: Sequence[str]) -> None:
    """Record the result of a comparison."""
    adoption.compared.append((subject, "; ".join(differences) if differences else f"{amount}, the same"))
    adoption.differences += [f"{subject}: {difference}" for difference in differences]


def _compare_wheels(before: Path, after: Path, context: Path, adoption: Adoption) -> None:
    """Compare the wheels of the project, and that of the files that reach the build of the image."""
    try:
        old = comparison.wheel(before)
    except BuildError as error:
        adoption.compared.append(("wheel", f"not compared, as the project does not build: {error}"))
        return
    names = {"wheel": after}
    if adoption.answers["docker"].value:
        comparison.copy_context(after, context)
        names["wheel of the image"] = context
    for subject, folder in names.items():
        try:
            differences = comparison.wheel_differences(old, comparison.wheel(folder))
        except BuildError as error:
            differences = [f"`poetry build` fails: {error}"]
        _record(adoption, subject, f"{len(old.files)} files and {len(old.metadata)} fields", differences)


def _compare_tests(project: Project, folder: Path, head: str, adoption: Adoption) -> None:
    """Compare the tests that the project's own command collects."""
    arguments = comparison.test_command(project)
    command = " ".join(["pytest", *arguments])
    try:
        old = comparison.collect(folder, arguments)
    except CollectionError as error:
        adoption.compared.append(("tests", f"not compared: {error}"))
        return
    git("checkout", "--quiet", "--force", "--detach", head, folder=folder)
    try:
        new = comparison.collect(folder, arguments)
    except CollectionError as error:
        _record(adoption, "tests", "", [str(error)])
        return
    differs = [f"`{command}` collected {old} before, and {new} after"] if old != new else []
    _record(adoption, "tests", f"`{command}` collects {old}", differs)
