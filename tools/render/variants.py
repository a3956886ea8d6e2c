"""The variants of each file that the template renders, without rendering every combination of answers.

Each file is rendered once for each combination of the answers that it reads (tracking.py). All other combinations give
the same bytes as one of these.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from tools.render.template import Combination, Files, Template
from tools.render.tracking import MemoizedByReads

T = TypeVar("T")


@dataclass(frozen=True)
class Variant:
    """A file as some combinations of answers render it.

    Attributes:
        path: Its path in the repository.
        content: Its bytes.
        combination: One of the combinations.
    """

    path: str
    content: bytes
    combination: Combination


class Variants:
    """The variants of all files.

    Args:
        template: The template.
        examples: Values for questions that take text, see Template.product. Each set of values is tried on its own.
        alone: Questions that vary one at a time, while the other questions of `alone` keep their default. The answers
            to all other questions are combined in full.
    """

    def __init__(
        self,
        template: Template,
        examples: Iterable[Mapping[str, Sequence[str]]] = ({},),
        alone: Collection[str] = (),
    ) -> None:
        """Take the template without rendering it."""
        self.template = template
        self.examples = list(examples)
        self.alone = set(alone)
        self._places: dict[str, MemoizedByReads[str | None]] = {}
        self._contents: dict[str, MemoizedByReads[bytes]] = {}

    def places(self, combination: Combination) -> dict[str, str]:
        """Return the path of each file of a combination by its source."""
        found = {source: self.place(source, combination) for source in self.template.sources}
        return {source: path for source, path in found.items() if path}

    def place(self, source: str, combination: Combination) -> str | None:
        """Return the path of a source's file, or None if the combination excludes it."""
        return self._place(source)(combination.fingerprint, combination)

    def _place(self, source: str) -> MemoizedByReads[str | None]:
        if source not in self._places:
            path = MemoizedByReads(lambda combination: self.template.rendering(combination).path(source))
            paths = self._each(path)
            # A file does not depend on the answers behind exclusions that never match it.
            matching = [
                exclusion
                for exclusion, results in self._exclusions.items()
                if any(self.template.excludes(patterns, each) for patterns in results for each in paths)
            ]

            def place(combination: Combination) -> str | None:
                here = path(combination.fingerprint, combination)
                patterns = [line for one in matching for line in one(combination.fingerprint, combination)]
                return None if self.template.excludes(patterns, here) else here

            self._places[source] = MemoizedByReads(place)
        return self._places[source]

    @cached_property
    def _exclusions(self) -> dict[MemoizedByReads[tuple[str, ...]], set[tuple[str, ...]]]:
        """The functions that return the patterns of each entry of _exclude, and all their results."""
        entries: Sequence[str] = self.template.rendering(Combination()).template.exclude
        functions = map(self._patterns, entries)
        return {function: self._each(function) for function in functions}

    def _patterns(self, entry: str) -> MemoizedByReads[tuple[str, ...]]:
        return MemoizedByReads(lambda combination: self.template.rendering(combination).patterns(entry))

    def _each(self, function: MemoizedByReads[T]) -> set[T]:
        """Return all results of a function of answers."""
        vary = set(function.reads)
        while True:
            results = {function(one.fingerprint, one) for one in self._product(vary, alone=set())}
            if function.reads <= vary:
                return results
            vary |= function.reads

    def _product(self, vary: set[str], alone: set[str]) -> Iterator[Combination]:
        """Yield the combinations of the answers to some questions, those of `alone` one at a time."""
        combined = vary - alone
        for example in self.examples:
            seen = set()
            for combination in self.template.product(example, combined):
                # A question that varies alone varies here too if one of the others depends on it.
                key = tuple(combination.fingerprint[name] for name in combined)
                if key not in seen or not alone:
                    seen.add(key)
                    yield combination
            for name in vary & alone:
                yield from self.template.product(example, [name])

    def content(self, source: str, combination: Combination) -> bytes:
        """Render a source."""
        return self._content(source)(combination.fingerprint, combination)

    def _content(self, source: str) -> MemoizedByReads[bytes]:
        def render(combination: Combination) -> bytes:
            return self.template.rendering(combination).content(source)

        return self._contents.setdefault(source, MemoizedByReads(render))

    def files(self, combination: Combination) -> Files:
        """Return all files of a combination."""
        return {path: self.content(source, combination) for source, path in self.places(combination).items()}

    def reads(self, *sources: str) -> set[str]:
        """Return the answers that decided so far whether the files of some sources exist, and on their content."""
        return set().union(*(self._place(source).reads | self._content(source).reads for source in sources))

    def renderings(self, source: str) -> int:
        """Return how many times a source was rendered since the last new read."""
        return len(self._content(source).results)

    def combinations(self, *sources: str, questions: Iterable[str] = ()) -> list[Combination]:
        """List combinations that cover all variants of some sources.

        Any other combination agrees with one of them in all answers that the sources read, apart from `alone`.

        Args:
            sources: Files of the template.
            questions: Questions that vary even if no source reads them.
        """
        vary = {*questions, *self.reads(*sources)}
        while True:
            found = list(self._product(vary, self.alone))
            for combination in found:
                for source in sources:
                    if self.place(source, combination):
                        self.content(source, combination)
            if self.reads(*sources) <= vary:
                return found
            vary |= self.reads(*sources)

    def of(self, source: str) -> list[Variant]:
        """Return the variants of a source, one for each path and content."""
        found: dict[tuple[str, bytes], Variant] = {}
        for combination in self.combinations(source):
            if path := self.place(source, combination):
                variant = Variant(path, self.content(source, combination), combination)
                found.setdefault((path, variant.content), variant)
        return list(found.values())

    def paths(self, source: str) -> set[str]:
        """Return all paths of a source's file."""
        return {path for path in self._each(self._place(source)) if path}
