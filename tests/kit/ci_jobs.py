"""The jobs of a generated repository on either host: their order, their rights, and whose code they run."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from tools.render.template import Files

GITLAB_FILE = ".gitlab-ci.yml"
NO_JOBS = {"workflow", "stages", "default"}
"""The keys of a file for GitLab that are no jobs."""

LOGINS = {"NETRC", "DOCKER_AUTH_CONFIG"}
"""Secrets that only read: they log in to the package index and to the registry of the base images."""

PROJECT_CODE = re.compile(r"\bpoetry (?:run|build|sync|install|lock)\b|\bcopier (?:update|recopy)\b|\bpytest\b")
"""Commands that run code of the project, of its packages or of the template in the shell of a job."""

CONTAINED_CODE = re.compile(r"\bdocker (?:buildx )?(?:build|run)\b")
"""Commands that run such code in containers."""

INSTALLATION = re.compile(
    r"\b(?:pip3?|pipx|uvx?|npm|npx|apk|apt-get|go|cargo|gem) (?:install|add|run|tool)\b.*|\bcurl .*\| *\w*sh\b"
)
"""Commands that install programs."""

PINNED_ACTION = re.compile(r"[\w-]+/[\w./-]+@[0-9a-f]{40}")


@dataclass(frozen=True)
class Step:
    """A step of a job.

    Attributes:
        run: A script, or nothing.
        uses: An action with its commit, or nothing.
        id: The name by which expressions find its outputs.
        condition: An expression of GitHub, or nothing.
        env: Environment variables that it alone has.
        given: The inputs of the action.
    """

    run: str = ""
    uses: str = ""
    id: str = ""
    condition: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """A job of either host.

    Attributes:
        host: `github` or `gitlab`.
        file: The path of its file.
        name: Its name in that file.
        needs: The jobs that have to pass before.
        conditions: Expressions of which one has to hold, or nothing.
        environment: The environment that has its secrets, or nothing.
        writes: The scopes that its token can write, and the purposes of its identity tokens.
        secrets: The secrets and tokens that its steps read.
        steps: Its steps in their order.
        calls: The workflow that it runs in place of steps, or nothing.
        text: The job as it is written.
    """

    host: str
    file: str
    name: str
    needs: frozenset[str]
    conditions: tuple[str, ...]
    environment: str
    writes: frozenset[str]
    secrets: frozenset[str]
    steps: tuple[Step, ...]
    calls: str
    text: Mapping[str, Any]

    @property
    def code(self) -> set[str]:
        """Whose code it runs: the project's, the project's in containers, or that of packages without a hash."""
        script = "\n".join(step.run for step in self.steps)
        found = set()
        if PROJECT_CODE.search(script):
            found.add("project")
        if CONTAINED_CODE.search(script):
            found.add("project in containers")
        installed = [command for command in INSTALLATION.findall(script) if "--require-hashes" not in command]
        if installed or any(step.uses and not PINNED_ACTION.fullmatch(step.uses) for step in self.steps):
            found.add("unpinned packages")
        return found

    @property
    def powers(self) -> set[str]:
        """The rights that a stranger must not get: to write, or to read a secret token."""
        return {*self.writes, *(self.secrets - LOGINS)}

    @property
    def code_after_login(self) -> bool:
        """Whether code of the project runs while the login to the package index is on the machine."""
        script = "\n".join(step.run for step in self.steps)
        before, *_ = re.split(r"\brm (?:-f )?~/\.netrc", script, maxsplit=1)
        return "NETRC" in script and bool(re.search(r"poetry run|docker run", before))


def jobs(files: Files) -> list[Job]:
    """List all jobs of a repository."""
    found: list[Job] = []
    for path, content in files.items():
        if path.startswith(".github/workflows/"):
            found += github_jobs(path, yaml.load(content, yaml.CSafeLoader))
        elif path == GITLAB_FILE:
            found += gitlab_jobs(yaml.load(content, yaml.CSafeLoader))
    return found


def listed(value: Any) -> list[str]:
    """Return a list of YAML that may be written as one item."""
    return [value] if isinstance(value, str) else list(value or ())


def github_jobs(path: str, workflow: Any) -> Iterator[Job]:
    """Yield the jobs of a workflow of GitHub."""
    for name, job in workflow["jobs"].items():
        steps = tuple(
            Step(
                step.get("run", ""),
                step.get("uses", ""),
                step.get("id", ""),
                str(step.get("if", "")),
                step.get("env", {}),
                step.get("with", {}),
            )
            for step in job.get("steps", ())
        )
        texts = [*(value for step in steps for value in step.env.values()), *job.get("secrets", {}).values()]
        read = re.findall(r"\bsecrets\.(\w+)|\b(github\.token)", "\n".join(map(str, texts)))
        environment = job.get("environment", "")
        yield Job(
            "github",
            path,
            name,
            frozenset(listed(job.get("needs"))),
            (str(job["if"]),) if "if" in job else (),
            environment if isinstance(environment, str) else environment["name"],
            frozenset(scope for scope, level in job.get("permissions", {}).items() if level == "write"),
            frozenset(secret or token for secret, token in read),
            steps,
            job.get("uses", ""),
            job,
        )


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two jobs as `extends` of GitLab does: mappings in depth, and nothing else."""
    both = {key: merged(below[key], above[key]) for key in below.keys() & above.keys() if isinstance(below[key], dict)}
    return {**below, **above, **both}


def resolved(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a job of GitLab with the parts that it extends."""
    job: dict[str, Any] = {}
    for part in listed(config[name].get("extends")):
        job = merged(job, resolved(config, part))
    return {key: value for key, value in merged(job, config[name]).items() if key != "extends"}


def gitlab_jobs(config: Mapping[str, Any]) -> Iterator[Job]:
    """Yield the jobs of a file for GitLab. A job needs those of all earlier stages, or those that it names."""
    stages = config.get("stages", ["test"])
    known = {name: resolved(config, name) for name in config if name not in NO_JOBS and not name.startswith(".")}
    for name, job in known.items():
        earlier = {
            other
            for other, its in known.items()
            if stages.index(its.get("stage", "test")) < stages.index(job.get("stage", "test"))
        }
        environment = job.get("environment", "")
        script = "\n".join([*job.get("before_script", ()), *job["script"]])
        tokens = re.findall(r"\$\{?(TEMPLATE_TOKEN|CI_REGISTRY_PASSWORD|CI_JOB_TOKEN|NETRC)\b", script)
        yield Job(
            "gitlab",
            GITLAB_FILE,
            name,
            frozenset(listed(job["needs"]) if "needs" in job else earlier),
            tuple(rule["if"] for rule in job.get("rules", ())),
            environment if isinstance(environment, str) else environment["name"],
            frozenset(f"identity for {token['aud']}" for token in job.get("id_tokens", {}).values()),
            frozenset(tokens),
            (Step(run=script),),
            "",
            job,
        )
