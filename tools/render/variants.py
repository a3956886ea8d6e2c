"""Every variant of every file that the template renders, without rendering every combination of answers.

Each file is rendered once for each combination of the answers that it reads (reads.py). Any other combination gives the
same bytes as the one that was rendered in its place.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tools.render.template import Combination, Files, Template
from tools.render.tracking import Once

T = TypeVar("T")


@dataclass(frozen=True)
class Variant:
    """A file as some combinations of answers give it.

    Attributes:
        path: Where it is.
        content: What it holds.
        combination: One of the combinations.
    """

    path: str
    content: bytes
    combination: Combination


class Variants:
    """The variants of all files that the combinations of answers can give.

    Args:
        template: What is rendered.
        examples: For questions that take text, what to try; see Template.product. Several are tried one after the other.
    """

    def __init__(self, template: Template, examples: Iterable[Mapping[str, Sequence[str]]] = ({},)) -> None:
        """Take what is to be rendered, and render nothing yet."""
        self.template = template
        self.examples = list(examples)
        self.exclusions: Sequence[str] = template.rendering(Combination()).template.exclude
        self._places: dict[str, Once[str | None]] = {}
        self._contents: dict[str, Once[bytes]] = {}

    def places(self, combination: Combination) -> dict[str, str]:
        """Return the path of each file of a combination by that of what it is rendered from."""
        found = {source: self.place(source, combination) for source in self.template.sources}
        return {source: path for source, path in found.items() if path}

    def place(self, source: str, combination: Combination) -> str | None:
        """Return where a file of the template goes, if it is not left out."""
        return self._place(source)(combination.words, combination)

    def _place(self, source: str) -> Once[str | None]:
        if source not in self._places:
            deciding = [entry for entry in self.exclusions if None in self._each(self._placing(source, [entry]))]
            self._places[source] = self._placing(source, deciding)
        return self._places[source]

    def _placing(self, source: str, exclusions: Sequence[str]) -> Once[str | None]:
        return Once(lambda combination: self.template.rendering(combination).place(source, exclusions))

    def _each(self, function: Once[T]) -> set[T]:
        """Return all results of a function of answers."""
        told: set[str] = set()
        while True:
            found = [one for example in self.examples for one in self.template.product(example, told)]
            results = {function(one.words, one) for one in found}
            if function.reads <= told:
                return results
            told |= function.reads

    def content(self, source: str, combination: Combination) -> bytes:
        """Return what a file of the template becomes."""
        return self._content(source)(combination.words, combination)

    def _content(self, source: str) -> Once[bytes]:
        def render(combination: Combination) -> bytes:
            return self.template.rendering(combination).content(source)

        return self._contents.setdefault(source, Once(render))

    def files(self, combination: Combination) -> Files:
        """Return all files of a combination, each as it was rendered for whichever stands for this one."""
        return {path: self.content(source, combination) for source, path in self.places(combination).items()}

    def combinations(self, *sources: str, questions: Iterable[str] = ()) -> list[Combination]:
        """List combinations that stand for all: any other agrees with one of them in all that decides about some files.

        Args:
            sources: Files of the template. It is decided which files are there, and what each of these holds.
            questions: Told apart in any case, whether or not they decide about anything.
        """
        told = set(questions)
        while True:
            found = [one for example in self.examples for one in self.template.product(example, told)]
            for combination in found:
                for source in sources:
                    if self.place(source, combination):
                        self.content(source, combination)
            reads = set().union(*(self._place(source).reads | self._content(source).reads for source in sources))
            if reads <= told:
                return found
            told |= reads

    def of(self, source: str) -> list[Variant]:
        """Return the variants of a file of the template, one for each path and content."""
        found: dict[tuple[str, bytes], Variant] = {}
        for combination in self.combinations(source):
            if path := self.place(source, combination):
                variant = Variant(path, self.content(source, combination), combination)
                found.setdefault((path, variant.content), variant)
        return list(found.values())

    def paths(self, source: str) -> set[str]:
        """Return all paths to which a file of the template can go."""
        return {path for path in self._each(self._place(source)) if path}
