"""Every variant of every file that the template renders, without rendering every combination of answers.

Each file is rendered once for each combination of the answers that it reads (extensions/reads.py). Any other
combination gives the same bytes as the one that was rendered in its place.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from extensions.reads import Once
from extensions.template import Combination, Files, Template


@dataclass(frozen=True)
class Variant:
    """A file as some combinations of answers give it.

    Attributes:
        path: Where it is.
        content: What it holds.
        beside: The paths of all files that are there with it.
        combination: One of the combinations.
    """

    path: str
    content: bytes
    beside: frozenset[str]
    combination: Combination


class Variants:
    """The variants of all files that some combinations of answers can give.

    Args:
        template: What is rendered.
        combinations: All that count.
    """

    def __init__(self, template: Template, combinations: Iterable[Combination]) -> None:
        """Take what is to be rendered, and render nothing yet."""
        self.template = template
        self.combinations = list(combinations)
        self._places = Once(lambda combination: template.rendering(combination).places())
        self._contents: dict[str, Once[bytes]] = {}

    def places(self, combination: Combination) -> dict[str, str]:
        """Return the path of each file of a combination by that of what it is rendered from."""
        return self._places(combination.words, combination)

    def content(self, source: str, combination: Combination) -> bytes:
        """Return what a file of the template becomes."""

        def render(combination: Combination) -> bytes:
            return self.template.rendering(combination).content(source)

        return self._contents.setdefault(source, Once(render))(combination.words, combination)

    def files(self, combination: Combination) -> Files:
        """Return all files of a combination, each as it was rendered for whichever stands for this one."""
        return {path: self.content(source, combination) for source, path in self.places(combination).items()}

    def of(self, source: str) -> list[Variant]:
        """Return the variants of a file of the template: each content once for each set of files beside it."""
        found: dict[tuple[str, bytes, frozenset[str]], Variant] = {}
        for combination in self.combinations:
            places = self.places(combination)
            if path := places.get(source):
                variant = Variant(path, self.content(source, combination), frozenset(places.values()), combination)
                found.setdefault((path, variant.content, variant.beside), variant)
        return list(found.values())

    def sources(self) -> list[str]:
        """Return all files of the template that some combination renders."""
        return sorted({source for combination in self.combinations for source in self.places(combination)})
