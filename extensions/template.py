"""The template as Copier sees it: every reachable combination of answers, and what each of them renders.

`copier copy` takes half a second for one repository, most of it in starting git and in compiling the same expressions
again. Here Copier's own questions, exclusions and paths work on one compiled template and give the files in memory.
The names with an underscore are private to Copier: its version is pinned, and a test holds the result against
`copier copy`.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from weakref import finalize

from copier._main import Worker, as_operation
from copier._user_data import AnswersMap, Question

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("copier.yml", "extensions", "template")

Answers = dict[str, Any]
Files = dict[str, bytes]


def copy_parts(root: Path, folder: Path) -> None:
    """Copy what makes the template, and nothing else of its repository, into a folder."""
    for part in PARTS:
        copy = shutil.copytree if (root / part).is_dir() else shutil.copy
        copy(root / part, folder / part)


class Template:
    """The working tree's template.

    Args:
        root: Folder that holds copier.yml, extensions and template.
    """

    def __init__(self, root: Path = ROOT) -> None:
        """Compile the template in a folder."""
        # Without the history, of which Copier would take the last commit.
        self.folder = Path(mkdtemp())
        finalize(self, shutil.rmtree, self.folder)
        copy_parts(root, self.folder)
        first = Worker(str(self.folder))
        self.questions: Mapping[str, Mapping[str, Any]] = first.template.questions_data
        self.environment = first.jinja_env
        self.environment.from_string = cache(self.environment.from_string)  # type: ignore[assignment, method-assign]
        self._shared = {"template": first.template, "jinja_env": self.environment}

    def combinations(self, examples: Mapping[str, Sequence[str]] | None = None) -> list[Answers]:
        """List the answers of every reachable combination of all choices and flags.

        Args:
            examples: Values to try for questions that take text; each of the others keeps its default.

        Returns:
            The answers to the questions that are asked, in the order in which they are asked.
        """
        worker = self._worker({})
        branches: list[tuple[Answers, Answers]] = [({}, {})]
        for name in self.questions:
            branches = [branch for known in branches for branch in self._branches(worker, name, *known, examples or {})]
        return [asked for _, asked in branches]

    def render(self, answers: Answers, skip: Sequence[str] = ()) -> Files:
        """Render the repository that these answers give.

        Args:
            answers: Answers to questions; the others get their default.
            skip: Patterns of paths not to render.

        Returns:
            The content of each file by its path.

        Raises:
            ValueError: An answer is refused.
        """
        worker = self._worker(answers, exclude=skip)
        return worker.render()

    def _worker(self, answers: Answers, **settings: Any) -> "_Renderer":
        worker = _Renderer(str(self.folder), data=answers, defaults=True, quiet=True, **settings)
        worker.__dict__.update(self._shared)
        return worker

    def _branches(
        self, worker: Worker, name: str, known: Answers, asked: Answers, examples: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[Answers, Answers]]:
        """Yield all answers that are known, and those that were asked, after one more question."""
        worker.answers = AnswersMap(user=known)
        question = Question(
            var_name=name,
            answers=worker.answers,
            context=worker._render_context(),
            jinja_env=worker.jinja_env,
            **self.questions[name],
        )
        if not question.get_when():
            yield {**known, name: question.get_default()}, asked
            return
        for value in _values(question, examples.get(name)):
            yield {**known, name: value}, {**asked, name: value}


class _Renderer(Worker):
    """Copier's worker, with the rendered files kept in memory."""

    @as_operation("copy")
    def render(self) -> Files:
        self.files: Files = {}
        self._ask()
        self._render_template()
        return self.files

    def _render_file(self, src_relpath: Path, dst_relpath: Path, extra_context: dict[str, Any] | None = None) -> None:
        if src_relpath.suffix == self.template.templates_suffix:
            text = self.jinja_env.get_template(src_relpath.as_posix()).render(**self._render_context())
            content = text.encode()
        else:
            content = (self.template.local_abspath / src_relpath).read_bytes()
        self.files[dst_relpath.as_posix()] = content

    def _render_folder(self, dst_relpath: Path) -> None:
        """Leave folders out: their files tell."""


def _values(question: Question, examples: Sequence[str] | None) -> Sequence[Any]:
    """Return the values to try for a question: its choices, both flags, the examples or else its default."""
    if question.choices:
        return [question.cast_answer(choice.value) for choice in question._formatted_choices if not choice.disabled]
    if question.get_type_name() == "bool":
        return [True, False]
    return examples or [question.get_default()]
