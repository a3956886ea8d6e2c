"""The template as Copier sees it: every reachable combination of answers, and what each of them renders.

`copier copy` takes half a second for one repository, most of it in starting git and in compiling the same expressions
again. Here Copier's own questions, exclusions and paths work on one compiled template and give the files in memory.
The names with an underscore are private to Copier: its version is pinned, and a test holds the result against
`copier copy`.
"""

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from weakref import finalize

from copier._main import Worker, as_operation
from copier._settings import SettingsModel
from copier._user_data import AnswersMap, Question

from tools.render.tracking import Once, Recorder
from tools.repository import ROOT

PARTS = ("copier.yml", "extensions", "template")
ALL_ANSWERS = "_copier_answers"
"""What the answers to all questions that are asked are called in a file of the template."""

Answers = dict[str, Any]
Files = dict[str, bytes]


@dataclass(frozen=True)
class Combination:
    """One of each reachable combination of answers.

    Attributes:
        asked: The answers to the questions that are asked, in the order in which they are.
        known: These, and the defaults of the questions that are not asked.
        words: Each known answer, and all that are asked, in a form by which they can be compared.
    """

    asked: Answers = field(default_factory=dict)
    known: Answers = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=lambda: {ALL_ANSWERS: ""})

    def answered(self, name: str, value: Any) -> "Combination":
        """Return this combination with the answer to one more question."""
        word = repr(value)
        words = {**self.words, name: word, ALL_ANSWERS: f"{self.words[ALL_ANSWERS]}{name}: {word}\n"}
        return Combination({**self.asked, name: value}, {**self.known, name: value}, words)

    def not_asked(self, name: str, default: Any) -> "Combination":
        """Return this combination with the default of one more question, which is not asked."""
        return Combination(self.asked, {**self.known, name: default}, {**self.words, name: repr(default)})


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
        self.environment.context_class = Recorder
        self.environment.from_string = cache(self.environment.from_string)  # type: ignore[assignment, method-assign]
        self._shared = {"template": first.template, "jinja_env": self.environment}
        self.sources = sorted(
            path.relative_to(self.folder).as_posix() for path in (self.folder / "template").rglob("*") if path.is_file()
        )
        self._asking = {name: Once(partial(self._question, self._worker({}), name)) for name in self.questions}

    def product(
        self, examples: Mapping[str, Sequence[str]] | None = None, told: Collection[str] | None = None
    ) -> list[Combination]:
        """List every reachable combination of all choices and flags.

        Args:
            examples: Values to try for questions that take text; each of the others keeps its default.
            told: The questions that are told apart, and with them those that decide about them: each of the others has
                one answer only. Without this, it is all of them.
        """
        names = set(self.questions if told is None or ALL_ANSWERS in told else told)
        while True:
            branches = [Combination()]
            for name, question in self._asking.items():
                values = (examples or {}).get(name, ())
                branches = [more for branch in branches for more in _answered(name, branch, question, values, names)]
            reads = {read for name in names for read in self._asking[name].reads}
            if reads <= names:
                return branches
            names |= reads

    def question(self, name: str, combination: Combination) -> tuple[bool, Any, Sequence[Any]]:
        """Return whether a combination is asked a question, its default, and its choices or flags if it has them."""
        return self._asking[name](combination.words, combination.known)

    def deciding(self, name: str) -> set[str]:
        """Return which questions were seen to decide whether a question is asked, its default and its choices."""
        return self._asking[name].reads

    def takes(self, name: str, answer: Any, known: Answers) -> bool:
        """Return whether a question is asked once some answers are known, and takes an answer."""
        question = self._asked(self._worker({}), name, known)
        try:
            question.validate_answer(question.parse_answer(answer))
        except (TypeError, ValueError):
            return False
        return question.get_when()

    def render(self, answers: Answers, wanted: Callable[[str], bool] = lambda _: True) -> Files:
        """Render the repository that these answers give.

        Args:
            answers: Answers to questions; the others get their default.
            wanted: Says of a path whether its file is to be rendered; without this, all are.

        Returns:
            The content of each file by its path.

        Raises:
            ValueError: An answer is refused.
        """
        return self._worker(answers).render(wanted)

    def refused(self, answers: Answers) -> dict[str, str]:
        """Return why answers are not accepted, by their questions; the other questions see the default in their place."""
        known: Answers = {}
        reasons = {}
        for name in self.questions:
            question = self._asked(self._worker({}), name, known)
            try:
                if name in answers and question.get_when():
                    answer = question.parse_answer(answers[name])
                    question.validate_answer(answer)
                    known[name] = answer
                else:
                    known[name] = question.get_default()
            except (TypeError, ValueError) as error:
                reasons[name] = str(error) or "It is of another type."
                with suppress(ValueError):
                    known[name] = question.get_default()
        return reasons

    def rendering(self, combination: Combination) -> "Rendering":
        """Return what renders the files of a combination one by one."""
        worker = self._worker({})
        worker.answers = AnswersMap(user=combination.known)
        worker.answers.hidden = combination.known.keys() - combination.asked.keys()
        return worker

    def _worker(self, answers: Answers) -> "Rendering":
        # What somebody has set for Copier on this machine is no part of the template.
        settings = SettingsModel()
        worker = Rendering(str(self.folder), data=answers, defaults=True, quiet=True, settings=settings)
        worker.__dict__.update(self._shared)
        return worker

    def _question(self, worker: Worker, name: str, known: Answers) -> tuple[bool, Any, Sequence[Any]]:
        """Return whether a question is asked, its default, and its choices or flags if it has them."""
        question = self._asked(worker, name, known)
        choices: Sequence[Any] = ()
        if question.choices:
            choices = [question.cast_answer(one.value) for one in question._formatted_choices if not one.disabled]
        elif question.get_type_name() == "bool":
            choices = [True, False]
        return question.get_when(), question.get_default(), choices

    def _asked(self, worker: Worker, name: str, known: Answers) -> Question:
        """Return a question as it is asked once some answers are known."""
        worker.answers = AnswersMap(user=known)
        return Question(
            var_name=name,
            answers=worker.answers,
            context=worker._render_context(),
            jinja_env=worker.jinja_env,
            **self.questions[name],
        )


def _answered(
    name: str, branch: Combination, question: Once[Any], examples: Sequence[str], told: set[str]
) -> Iterator[Combination]:
    """Yield what a combination becomes with the answers to one more question, or with one if it is not told apart."""
    asked, default, choices = question(branch.words, branch.known)
    if not asked:
        yield branch.not_asked(name, default)
        return
    values = choices or examples or [default]
    for value in values if name in told else [default if choices else values[0]]:
        yield branch.answered(name, value)


class Rendering(Worker):
    """Copier's worker, with the rendered files kept in memory."""

    def render(self, wanted: Callable[[str], bool]) -> Files:
        """Ask what is to be asked, and return the content of each file that is wanted by its path."""
        self._ask()
        return {path: self.content(source) for source, path in self.places().items() if wanted(path)}

    @as_operation("copy")
    def places(self) -> dict[str, str]:
        """Return the path of each file by that of what it is rendered from, as seen from the template's root."""
        self._places: dict[str, str] = {}
        self._render_template()
        return self._places

    @as_operation("copy")
    def place(self, source: str, exclusions: Collection[str]) -> str | None:
        """Return where a file of the template goes, or None when one of some entries of _exclude leaves it out."""
        [(path, _)] = self._render_path(Path(source).relative_to("template"))
        patterns = (line for entry in exclusions for line in self._render_string(entry).splitlines())
        return None if self._path_matcher(patterns)(path) else path.as_posix()

    def content(self, source: str) -> bytes:
        """Return what a file of the template becomes."""
        if source.endswith(self.template.templates_suffix):
            return self.jinja_env.get_template(source).render(**self._render_context()).encode()
        return (self.template.local_abspath / source).read_bytes()

    def _render_file(self, src_relpath: Path, dst_relpath: Path, extra_context: dict[str, Any] | None = None) -> None:
        self._places[src_relpath.as_posix()] = dst_relpath.as_posix()

    def _render_folder(self, dst_relpath: Path) -> None:
        """Leave folders out: their files tell."""
