"""The template as Copier sees it: its combinations of answers, and the files that each of them renders.

`copier copy` takes half a second for one repository, mostly to start Git and to compile the same expressions again.
Here Copier's own code for questions, exclusions and paths works on one compiled template and renders in memory.
Names with an underscore are private to Copier. Its version is pinned, and a test compares the result with
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

from tools.render.tracking import MemoizedByReads, RecordingContext
from tools.repository import ROOT

PARTS = ("copier.yml", "extensions", "template")
ALL_ANSWERS = "_copier_answers"
"""The name under which a file of the template reads all answers at once."""

Answers = dict[str, Any]
Files = dict[str, bytes]


@dataclass(frozen=True)
class Combination:
    """A reachable combination of answers.

    Attributes:
        asked: The answers to the questions that are asked, in their order.
        known: The same, and the defaults of the questions that are not asked.
        fingerprint: A comparable form of each known answer, and of all asked ones together.
    """

    asked: Answers = field(default_factory=dict)
    known: Answers = field(default_factory=dict)
    fingerprint: dict[str, str] = field(default_factory=lambda: {ALL_ANSWERS: ""})

    def copy(self) -> "Combination":
        """Return a copy."""
        return Combination({**self.asked}, {**self.known}, {**self.fingerprint})

    def add(self, name: str, value: Any, *, asked: bool) -> "Combination":
        """Add the answer to a question, or the default of one that is not asked, and return this combination."""
        text = repr(value)
        self.known[name] = value
        self.fingerprint[name] = text
        if asked:
            self.asked[name] = value
            self.fingerprint[ALL_ANSWERS] += f"{name}: {text}\n"
        return self


def copy_parts(root: Path, folder: Path) -> None:
    """Copy the parts of a repository that make the template into a folder."""
    for part in PARTS:
        copy = shutil.copytree if (root / part).is_dir() else shutil.copy
        copy(root / part, folder / part)


class Template:
    """A compiled template.

    Args:
        root: Folder that holds copier.yml, extensions and template.
    """

    def __init__(self, root: Path = ROOT) -> None:
        """Compile the template in a folder."""
        # A copy without Git: in a repository Copier renders the last commit, not the working tree.
        self.folder = Path(mkdtemp())
        finalize(self, shutil.rmtree, self.folder)
        copy_parts(root, self.folder)
        first = Worker(str(self.folder))
        self.questions: Mapping[str, Mapping[str, Any]] = first.template.questions_data
        self.environment = first.jinja_env
        self.environment.context_class = RecordingContext
        self.environment.from_string = cache(self.environment.from_string)  # type: ignore[assignment, method-assign]
        self._shared = {"template": first.template, "jinja_env": self.environment}
        self.sources = sorted(
            path.relative_to(self.folder).as_posix() for path in (self.folder / "template").rglob("*") if path.is_file()
        )
        self._asking = {
            name: MemoizedByReads(partial(self._question, self._worker({}), name)) for name in self.questions
        }

    def product(
        self, examples: Mapping[str, Sequence[str]] | None = None, vary: Collection[str] | None = None
    ) -> list[Combination]:
        """List every reachable combination of choices and flags.

        Args:
            examples: Values for questions that take text. The others keep their default.
            vary: Questions with all their answers; those that they depend on vary too. The others have one answer.
                By default all questions vary.
        """
        names = set(self.questions if vary is None or ALL_ANSWERS in vary else vary)
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
        return self._asking[name](combination.fingerprint, combination.known)

    def deciding(self, name: str) -> set[str]:
        """Return the questions on which it depended so far whether a question is asked, its default and its choices."""
        return self._asking[name].reads

    def takes(self, name: str, answer: Any, known: Answers) -> bool:
        """Return whether a question is asked once some answers are known, and takes an answer."""
        question = self._asked(self._worker({}), name, known)
        try:
            question.validate_answer(question.parse_answer(answer))
        except (TypeError, ValueError):
            return False
        return question.get_when()

    def render(
        self, answers: Answers, wanted: Callable[[str], bool] = lambda _: True, answers_file: str | None = None
    ) -> Files:
        """Render the repository that these answers give.

        Args:
            answers: Answers to questions; the others get their default.
            wanted: Tells whether to render the file of a path. By default all are rendered.
            answers_file: Another name of the answers file than the default.

        Returns:
            The content of each file by its path.

        Raises:
            ValueError: An answer is refused.
        """
        return self._worker(answers, answers_file).render(wanted)

    def refused(self, answers: Answers) -> dict[str, str]:
        """Return the reasons why answers are refused, by question. Later questions see the default in their place."""
        return self.checked(answers)[1]

    def checked(self, answers: Answers) -> tuple[dict[str, Any], dict[str, str]]:
        """Check answers. In place of a refused answer, later questions see the default.

        Returns:
            The answer to each question that is asked, or its default, and the reasons why answers are refused.
        """
        known: Answers = {}
        accepted, reasons = {}, {}
        for name in self.questions:
            question = self._asked(self._worker({}), name, known)
            is_asked = question.get_when()
            try:
                if name in answers and is_asked:
                    answer = question.parse_answer(answers[name])
                    question.validate_answer(answer)
                    known[name] = answer
                else:
                    known[name] = question.get_default()
            except (TypeError, ValueError) as error:
                reasons[name] = str(error) or "It is of another type."
                with suppress(ValueError):
                    known[name] = question.get_default()
            if is_asked:
                accepted[name] = known.get(name)
        return accepted, reasons | self.of_another_type(answers)

    def of_another_type(self, answers: Answers) -> dict[str, str]:
        """Return the reasons why answers are of another type than their questions take, by question."""
        names: Any = self.environment.get_template("extensions/names.jinja").module
        # Releases up to 0.2.0 took any type.
        check = getattr(names, "type_error", lambda _: "")
        found = {name: str(check({name: answer})).strip() for name, answer in answers.items()}
        return {name: reason for name, reason in found.items() if reason}

    def other_template_error(self, answers_file: str, recorded: object, address: str) -> str:
        """Return why an answers file with a recorded address cannot be that of the template at an address, or nothing."""
        addresses: Any = self.environment.get_template("extensions/addresses.jinja").module
        return str(addresses.other_template_error(answers_file, recorded, address)).strip()

    def excludes(self, patterns: Sequence[str], path: str) -> bool:
        """Return whether patterns exclude a path."""
        return self._worker({})._path_matcher(patterns)(Path(path))

    def rendering(self, combination: Combination) -> "Rendering":
        """Return the worker that renders single files of a combination."""
        worker = self._worker({})
        worker.answers = AnswersMap(user=combination.known)
        worker.answers.hidden = combination.known.keys() - combination.asked.keys()
        return worker

    def _worker(self, answers: Answers, answers_file: str | None = None) -> "Rendering":
        name = Path(answers_file) if answers_file else None
        # The user's own settings of Copier must not change the result.
        settings = SettingsModel()
        worker = Rendering(
            str(self.folder), answers_file=name, data=answers, defaults=True, quiet=True, settings=settings
        )
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
    name: str, branch: Combination, question: MemoizedByReads[Any], examples: Sequence[str], vary: set[str]
) -> Iterator[Combination]:
    """Yield a combination with each answer to the next question, or with one answer if the question does not vary.

    The last is the given combination itself: most questions have one answer, and copies would take most of the time.
    """
    asked, default, choices = question(branch.fingerprint, branch.known)
    values = (choices or examples or [default]) if asked else [default]
    *others, last = values if name in vary else [default if choices else values[0]]
    for value in others:
        yield branch.copy().add(name, value, asked=asked)
    yield branch.add(name, last, asked=asked)


class Rendering(Worker):
    """Copier's worker, with the rendered files kept in memory."""

    def render(self, wanted: Callable[[str], bool]) -> Files:
        """Ask the questions, and return the content of each wanted file by its path."""
        self._ask()
        return {path: self.content(source) for source, path in self.places().items() if wanted(path)}

    @as_operation("copy")
    def places(self) -> dict[str, str]:
        """Return the path of each file by its source, relative to the template's root."""
        self._places: dict[str, str] = {}
        self._render_template()
        return self._places

    @as_operation("copy")
    def path(self, source: str) -> str:
        """Return the path of a source's file, whether or not it is excluded."""
        [(path, _)] = self._render_path(Path(source).relative_to("template"))
        return path.as_posix()

    @as_operation("copy")
    def patterns(self, entry: str) -> tuple[str, ...]:
        """Return the patterns of an entry of _exclude."""
        return tuple(self._render_string(entry).splitlines())

    def content(self, source: str) -> bytes:
        """Render a source."""
        if source.endswith(self.template.templates_suffix):
            return self.jinja_env.get_template(source).render(**self._render_context()).encode()
        return (self.template.local_abspath / source).read_bytes()

    def _render_file(self, src_relpath: Path, dst_relpath: Path, extra_context: dict[str, Any] | None = None) -> None:
        self._places[src_relpath.as_posix()] = dst_relpath.as_posix()

    def _render_folder(self, dst_relpath: Path) -> None:
        """Skip folders: files are enough."""
