"""The README's commands that set up the host, against stand-ins for its command lines."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.kit.answers import working_tree
from tests.kit.commands import run, write
from tests.kit.readme_commands import ELSEWHERE
from tools.docs.markdown import code_blocks

STAND_IN = b"""#!/bin/sh
echo "$(basename "$0") $*"
case $* in *--input=-*) tr -d '\\n'; echo ;; esac
"""
"""A command line of a host that prints its arguments and, in a line, its input."""


def calls(host: str, folder: Path) -> list[str]:
    """Run the README's commands for a host in a repository whose default branch is `trunk`, and return the printed lines."""
    answers = {"repository_host": host, "docs": True, "dependency_updates": "none"}
    readme = working_tree().render(answers)["README.md"].decode()
    programs = write({"gh": STAND_IN, "glab": STAND_IN}, folder / "programs")
    for program in programs.iterdir():
        program.chmod(0o755)
    script = "".join(block for block in code_blocks(readme) if ELSEWHERE.match(block))
    environment = {**os.environ, "PATH": f"{programs}:/usr/bin:/bin"}
    run("git", "init", "--quiet", "--bare", "--initial-branch=trunk", folder / "remote.git")
    start = "git init --quiet --initial-branch=trunk && git commit --quiet --allow-empty --message=Start"
    push = "git remote add origin ../remote.git && git push --quiet origin trunk && git switch --quiet --create=work"
    (folder / "project").mkdir()
    run("sh", "-c", f"{start} && {push}", cwd=folder / "project")
    return run("bash", "-euc", script, cwd=folder / "project", env=environment, stdin=subprocess.DEVNULL).splitlines()


def sent(printed: list[str], call: str) -> dict[str, object]:
    """Return the input of a call."""
    [number] = [number for number, line in enumerate(printed) if line.startswith(call)]
    return dict(json.loads(printed[number + 1]))


def test_github_limits_who_releases(tmp_path: Path) -> None:
    printed = calls("github", tmp_path)
    policy = sent(printed, "gh api --method=PUT repos/{owner}/{repo}/environments/release ")
    assert policy == {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}
    [tags_alone] = [line for line in printed if "deployment-branch-policies" in line]
    assert tags_alone.endswith(" --field=name=v* --field=type=tag")
    rulesets = [json.loads(line) for line in printed if '"enforcement"' in line]
    administrators = [{"actor_type": "RepositoryRole", "actor_id": 5, "bypass_mode": "always"}]
    assert [
        (
            rules["target"],
            rules["enforcement"],
            rules["conditions"]["ref_name"]["include"],
            [rule["type"] for rule in rules["rules"]],
            rules["bypass_actors"],
        )
        for rules in rulesets
    ] == [
        ("tag", "active", ["refs/tags/v*"], ["creation", "update", "deletion"], administrators),
        ("branch", "active", ["~DEFAULT_BRANCH"], ["deletion", "non_fast_forward", "pull_request"], administrators),
    ]
    assert "gh api --method=POST repos/{owner}/{repo}/pages --field=build_type=workflow" in printed


def test_gitlab_limits_who_releases(tmp_path: Path) -> None:
    printed = calls("gitlab", tmp_path)
    environment = sent(printed, "glab api --method=POST projects/:id/protected_environments ")
    assert environment == {"name": "release", "deploy_access_levels": [{"access_level": 40}]}
    assert (
        "glab api --method=POST projects/:id/protected_tags --field=name=v* --field=create_access_level=40" in printed
    )
    assert "glab variable set TEMPLATE_TOKEN --protected --masked --scope=template" in printed
    assert "glab schedule create --cron=0 4 * * 1 --ref=trunk --description=Weekly" in printed
    assert "glab api --method=PATCH projects/:id/protected_branches/trunk --field=allow_force_push=false" in printed


@pytest.mark.parametrize("updates", ["renovate", "dependabot", "none"])
def test_the_readme_names_every_secret(updates: str) -> None:
    """Of CI and of the bot, with a private index and a registry."""
    answers = {"dependency_updates": updates, "package_index": "private", "base_registry": "registry.octo.example/x"}
    for host in ("github", "gitlab") if updates != "dependabot" else ("github",):
        files = working_tree().render({**answers, "repository_host": host})
        text = b"".join(content for path, content in files.items() if path.endswith(".yml")).decode()
        read = set(re.findall(r"secrets\.(\w+)", text)) | set(re.findall(r"\$\{?(NETRC|TEMPLATE_TOKEN)\b", text))
        assert read >= {"NETRC"}
        readme = files["README.md"].decode()
        assert [name for name in {*read, "DOCKER_AUTH_CONFIG"} if not re.search(rf"\b{name}\b", readme)] == []
        assert ("TEMPLATE_TOKEN" in readme) == (updates != "renovate")
        assert ("Dependabot's own" in readme) == (updates == "dependabot")
        assert ("`hostRules`" in readme) == (updates == "renovate")
