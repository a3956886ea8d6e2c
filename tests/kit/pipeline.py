"""Runs whole pipelines of a generated repository here, job by job, with stand-ins for the programs of the host.

Each job has the working tree, the variables and the artifacts that its host gives to it. Jobs of GitHub start in an empty
folder. Jobs of GitLab share one, as on a runner that is kept, unless they ask for a new clone.
"""

import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.kit.ci_jobs import Job, Step, jobs
from tests.kit.commands import read, run, write
from tools.render.template import Files

STAND_IN = """#!/bin/sh
printf '%s\\n' "{name} $*" >> "$CALLS"
case "$*" in *--password-stdin*) cat > /dev/null ;; esac
{body}
"""

PROGRAMS = {
    "cosign": "",
    "docker": """case "$*" in
  *--metadata-file=pushed.json*) echo '{"containerimage.descriptor": {"digest": "sha256:12"}}' > pushed.json ;;
  *--metadata-file=image.json*) printf '{\\n  "containerimage.digest": "sha256:12"\\n}\\n' > image.json ;;
  *"imagetools inspect --raw"*) printf '{}' ;;
esac""",
    "curl": "",
    "gh": """case "$*" in
  "release view"*) exit "${RELEASED:-1}" ;;
  "release list"*) echo "$NEWEST" ;;
esac""",
    "glab": "",
    "pip": "",
    "poetry": """case "$*" in
  build) mkdir -p dist && touch dist/myproject.whl dist/myproject.tar.gz ;;
  "run poe docs") mkdir -p docs/_build ;;
  "run poe test") eval "$TESTS" ;;
esac""",
    "timeout": "",
    "twine": "",
}
"""The stand-ins by name, with the shell code that each runs after it logs its call."""

Shell = Callable[[str, Path, Mapping[str, str]], None]
"""Runs a script in a folder with an environment."""


def bash(script: str, folder: Path, environment: Mapping[str, str]) -> None:
    """Run a script as the host does, and fail with its output."""
    run("bash", "-e", "-o", "pipefail", "-c", script, cwd=folder, env=environment)


def stand_ins(folder: Path, *without: str) -> Path:
    """Write the stand-ins into a folder, except some, and return the folder."""
    names = PROGRAMS.keys() - set(without)
    scripts = {name: STAND_IN.replace("{name}", name).replace("{body}", PROGRAMS[name]) for name in names}
    write({name: text.encode() for name, text in scripts.items()}, folder)
    for name in names:
        (folder / name).chmod(0o755)
    return folder


class Pipeline:
    """The jobs of a repository for one event.

    Attributes:
        variables: More environment variables of all jobs.
        secrets: The secrets of GitHub, and the variables of GitLab that are as secret.
        scopes: The secrets that only jobs of an environment get on GitLab, with the name of the environment.
        results: `success`, `failure`, `skipped` or `blocked`, by the file and the name of each job.
        used: The actions that steps used, with the job, in their order.
    """

    def __init__(self, host: str, remote: Path, ref: str, folder: Path, shell: Shell = bash) -> None:
        """Prepare a pipeline.

        Args:
            host: The host of the repository, `github` or `gitlab`.
            remote: The bare repository on that host.
            ref: The branch or tag.
            folder: A folder for the working trees.
            shell: Runs the scripts.
        """
        self.host, self.remote, self.ref, self.folder, self.shell = host, remote, ref, folder, shell
        self.variables: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        self.scopes = {"TEMPLATE_TOKEN": "template"}
        self.results: dict[str, str] = {}
        self.outputs: dict[str, dict[str, str]] = {}
        self.used: list[str] = []
        self.event = "push"
        tags = run("git", "tag", "--list", ref, cwd=remote).split()
        self.tag = ref if tags else ""
        self.commit = run("git", "rev-parse", f"{ref}^{{commit}}", cwd=remote).strip()
        self.default_branch = run("git", "symbolic-ref", "--short", "HEAD", cwd=remote).strip()

    def files(self) -> Files:
        """Return the files of the repository at the ref."""
        shutil.rmtree(self.folder / "files", ignore_errors=True)
        self.clone(self.folder / "files")
        return read(self.folder / "files")

    def run(self, event: str, path: str, *only: str) -> "Pipeline":
        """Run the jobs of a file for an event, or only some of them, in the order of their needs."""
        self.event = event
        files = self.files()
        if self.starts(files[path]):
            self.run_file(path, [job for job in jobs(files) if job.file == path and (not only or job.name in only)])
        return self

    def starts(self, content: bytes) -> bool:
        """Return whether a push starts a workflow of GitHub. Other events and GitLab have no filter here."""
        if self.host == "gitlab" or self.event != "push":
            return True
        # YAML 1.1 reads the key `on` as a boolean.
        filters = (yaml.load(content, yaml.CSafeLoader)[True] or {}).get("push") or {}
        patterns = filters.get("tags" if self.tag else "branches", ())
        return any(re.fullmatch(re.escape(one).replace(r"\*", "[^/]*"), self.ref) for one in patterns)

    def run_file(self, path: str, waiting: list[Job]) -> bool:
        """Run the jobs of one file and return whether none has failed."""
        names = {job.name for job in waiting}
        while waiting:
            ready = [
                job for job in waiting if not any(f"{path} {name}" not in self.results for name in job.needs & names)
            ]
            assert ready, f"needs of each other: {[job.name for job in waiting]}"
            for job in ready:
                self.results[f"{path} {job.name}"] = self.result(path, job)
                waiting.remove(job)
        return all(self.results[f"{path} {name}"] != "failure" for name in names)

    def result(self, path: str, job: Job) -> str:
        """Run a job, if all that it needs has passed and one of its conditions holds."""
        # On GitLab, a job that no rule adds to the pipeline is no need either.
        needed = {self.results[one] for name in job.needs if (one := f"{path} {name}") in self.results}
        blocking = needed - {"success"} if self.host == "github" else needed & {"failure", "blocked"}
        if blocking:
            return "skipped" if self.host == "github" else "blocked"
        if job.conditions and not any(self.holds(condition, job, {}) for condition in job.conditions):
            return "skipped"
        if job.calls:
            called = job.calls.removeprefix("$/").removeprefix("./")
            passed = self.run_file(called, [one for one in jobs(self.files()) if one.file == called])
            return "success" if passed else "failure"
        try:
            self.run_github(job) if self.host == "github" else self.run_gitlab(job)
        except AssertionError as error:
            self.used.append(f"{job.name} failed: {error}")
            return "failure"
        return "success"

    def clone(self, folder: Path, *, deep: bool = False) -> None:
        """Clone the repository at the ref into a new folder."""
        shutil.rmtree(folder, ignore_errors=True)
        depth = () if deep else ("--depth=1",)
        run("git", "clone", "--quiet", *depth, f"--branch={self.ref}", f"file://{self.remote}", folder)

    def environment(self, job: Job) -> dict[str, str]:
        """Return the variables that every step of a job has."""
        common = {**os.environ, **self.variables}
        if self.host == "github":
            return {
                **common,
                "GITHUB_ACTOR": "octocat",
                "GITHUB_EVENT_NAME": self.event,
                "GITHUB_REF_NAME": self.ref,
                "GITHUB_REPOSITORY": "Octo-Org/MyProject",
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_SHA": self.commit,
                "RUNNER_TEMP": str(self.folder / "temporary" / job.name),
                **job.text.get("env", {}),
            }
        scoped = {
            name: value
            for name, value in self.secrets.items()
            if self.scopes.get(name, job.environment) == job.environment
        }
        ref = {"CI_COMMIT_TAG": self.tag} if self.tag else {"CI_COMMIT_BRANCH": self.ref}
        return {
            **common,
            **scoped,
            **ref,
            "CI_API_V4_URL": "https://gitlab.com/api/v4",
            "CI_DEFAULT_BRANCH": self.default_branch,
            "CI_JOB_NAME_SLUG": job.name.replace(" ", "-"),
            "CI_JOB_TOKEN": "job-token",
            "CI_PIPELINE_SOURCE": self.event,
            "CI_PROJECT_ID": "1",
            "CI_PROJECT_PATH": "octo-org/myproject",
            "CI_PROJECT_URL": self.variables.get("CI_PROJECT_URL", "https://gitlab.com/octo-org/myproject"),
            "CI_REGISTRY": "registry.example.com",
            "CI_REGISTRY_IMAGE": "registry.example.com/octo-org/myproject",
            "CI_REGISTRY_PASSWORD": "job-token",
            "CI_REGISTRY_USER": "job",
            "CI_SERVER_HOST": "gitlab.com",
            **{key: str(value) for key, value in job.text.get("variables", {}).items() if "$" not in str(value)},
        }

    def run_gitlab(self, job: Job) -> None:
        """Run the script of a job of GitLab."""
        environment = self.environment(job)
        place = self.folder / "builds"
        if not place.exists() or environment.get("GIT_STRATEGY") == "clone":
            self.clone(place)
        if environment.get("GIT_DEPTH") == "0" and (place / ".git/shallow").exists():
            run("git", "fetch", "--quiet", "--unshallow", "--tags", cwd=place)
        run("git", "checkout", "--quiet", "--force", "--detach", self.commit, cwd=place)
        run("git", "clean", "--quiet", "-ffdx", cwd=place)
        for name in self.outputs:
            if name in job.needs:
                shutil.copytree(self.artifact(name), place, dirs_exist_ok=True)
                environment |= self.outputs[name]
        for step in job.steps:
            self.shell(step.run, place, environment)
        artifacts = job.text.get("artifacts", {})
        if artifacts:
            for pattern in artifacts.get("paths", ()):
                for found in place.glob(pattern):
                    self.keep(job.name, found)
            dotenv = artifacts.get("reports", {}).get("dotenv")
            lines = (place / dotenv).read_text(encoding="utf-8").split() if dotenv else []
            self.artifact(job.name).mkdir(parents=True, exist_ok=True)
            self.outputs[job.name] = dict(line.split("=", 1) for line in lines)

    def artifact(self, name: str) -> Path:
        """Return the folder that keeps an artifact."""
        return self.folder / "artifacts" / name

    def keep(self, name: str, found: Path) -> None:
        """Keep a file or a folder as a part of an artifact."""
        target = self.artifact(name)
        target.mkdir(parents=True, exist_ok=True)
        if found.is_dir():
            shutil.copytree(found, target / found.name, dirs_exist_ok=True)
        else:
            shutil.copy(found, target)

    def run_github(self, job: Job) -> None:
        """Run the steps of a job of GitHub, once for each entry of its matrix."""
        matrix = job.text.get("strategy", {}).get("matrix", {})
        for entry in matrix.get("include") or [{}]:
            place = self.folder / "work" / job.name
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            known: dict[str, dict[str, str]] = {"matrix": {key: str(value) for key, value in entry.items()}}
            for step in job.steps:
                if not step.condition or self.holds(step.condition, job, known):
                    outputs = self.run_step(job, step, place, known)
                    known[f"steps.{step.id}.outputs"] = outputs
            self.outputs[job.name] = {
                name: self.filled(value, job, known) for name, value in job.text.get("outputs", {}).items()
            }

    def run_step(self, job: Job, step: Step, place: Path, known: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        """Run a step of GitHub and return its outputs."""
        given = {key: self.filled(str(value), job, known) for key, value in step.given.items()}
        action = step.uses.partition("@")[0]
        if action:
            self.used.append(f"{job.name} {action}")
        if action == "actions/checkout":
            self.clone(place, deep="fetch-depth" in given)
        elif action == "actions/upload-artifact":
            files = list(place.glob(given["path"].rstrip("/"))) if not given["path"].startswith("/") else []
            for found in files:
                for file in found.iterdir() if found.is_dir() else [found]:
                    self.keep(given["name"], file)
            return {"artifact-id": "1"} if files else {}
        elif action == "actions/download-artifact":
            for found in self.folder.glob(f"artifacts/{given.get('name', given.get('pattern'))}"):
                shutil.copytree(found, place / given.get("path", "."), dirs_exist_ok=True)
        if not step.run:
            return {}
        environment = self.environment(job)
        Path(environment["RUNNER_TEMP"]).mkdir(parents=True, exist_ok=True)
        output = Path(environment["RUNNER_TEMP"]) / "output"
        output.write_text("", encoding="utf-8")
        more = {key: self.filled(value, job, known) for key, value in step.env.items()}
        self.shell(step.run, place, {**environment, **more, "GITHUB_OUTPUT": str(output)})
        return dict(line.split("=", 1) for line in output.read_text(encoding="utf-8").splitlines())

    def filled(self, text: str, job: Job, known: Mapping[str, Mapping[str, str]]) -> str:
        """Replace the expressions of GitHub in a text."""
        return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: str(self.value(found[1], job, known) or ""), text)

    def holds(self, condition: str, job: Job, known: Mapping[str, Mapping[str, str]]) -> bool:
        """Return whether a condition of either host holds."""
        return bool(self.value(re.sub(r"^\$\{\{ (.*) \}\}$", r"\1", condition), job, known))

    def value(self, expression: str, job: Job, known: Mapping[str, Mapping[str, str]]) -> Any:
        """Return the value of an expression of either host, which is Python but for its names and operators."""
        if self.host == "github":
            look_up = self.names(job, known)
            names = r"'[^']*'|\b(?:github|needs|steps|vars|secrets|matrix|runner)\.[\w.-]+"
            python = re.sub(names, lambda name: name[0] if name[0][0] == "'" else repr(look_up(name[0])), expression)
        else:
            environment = self.environment(job)
            python = re.sub(r"\$(\w+)", lambda name: repr(environment.get(name[1])), expression)
            python = re.sub(r"(\S+) =~ /(.*?)/", r"bool(re.search('\2', \1 or ''))", python).replace("null", "None")
        python = python.replace("&&", " and ").replace("||", " or ")
        functions = {"re": re, "format": str.format, "hashFiles": lambda *_: "hash"}
        return eval(re.sub(r"!(?!=)", " not ", python), functions)

    def names(self, job: Job, known: Mapping[str, Mapping[str, str]]) -> Callable[[str], str]:
        """Return a function that looks a name of an expression of GitHub up. Unknown names are empty there."""
        # A scheduled run knows nothing of the repository: https://github.com/github/codeql-action/pull/1211
        repository = {
            "github.event.repository.default_branch": self.default_branch,
            "github.event.repository.private": self.variables.get("PRIVATE", ""),
        }
        values = {
            **(repository if self.event != "schedule" else {}),
            "github.event_name": self.event,
            "github.ref": f"refs/tags/{self.tag}" if self.tag else f"refs/heads/{self.ref}",
            "github.repository": "Octo-Org/MyProject",
            "github.token": "token",
            "vars.ATTEST": self.variables.get("ATTEST", ""),
            **{f"secrets.{name}": value for name, value in self.secrets.items()},
            **{f"needs.{name}.outputs.{key}": value for name in job.needs for key, value in self.outputs[name].items()},
            **{f"{scope}.{key}": value for scope, mapping in known.items() for key, value in mapping.items()},
        }
        return lambda name: values.get(name, "")
