"""What rendering reads, so that combinations of answers which agree in that are rendered once.

What comes of a template depends on nothing but the answers that it reads, and its context can tell which these are.
Nothing is analysed: macros, branches and includes whose names are computed are followed as they are rendered.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Generic, TypeVar

from jinja2.runtime import Context

T = TypeVar("T")

SETTINGS = {"_copier_conf", "_external_data"}
"""Of this only what is no answer and the same for all is read: the answers file's name, the data as it was given, and what a
repository has recorded, where there is one."""


class Recorder(Context):
    """A context that notes what is read from it, and from the contexts of what is included and imported."""

    reads: ClassVar[set[str]] = set()

    def resolve_or_missing(self, key: str) -> Any:
        """Note a name and look it up."""
        self.reads.add(key)
        return super().resolve_or_missing(key)


class Once(Generic[T]):
    """A function of answers that is computed once for all answers which agree in what it reads.

    A result is kept for the answers by which it was told apart, and all that it read is among them. So it holds for
    others that agree in these. When something reads more than was known, no result is kept.

    Args:
        compute: The function. It reads answers by rendering with recorders.

    Attributes:
        reads: The names that were ever read, as far as they are answers.
        results: What was computed, by the values of these names.
    """

    def __init__(self, compute: Callable[..., T]) -> None:
        """Take the function, and compute nothing yet."""
        self.compute = compute
        self.reads: set[str] = set()
        self.results: dict[tuple[str, ...], T] = {}

    def __call__(self, words: Mapping[str, str], *arguments: Any) -> T:
        """Return what the function gives for its arguments.

        Args:
            words: All answers, each in a form by which it can be compared.
            arguments: Those of the function, which hold these answers.

        Raises:
            ValueError: Something is read that can differ between equal answers, such as the time or a path.
        """
        key = self.key(words)
        if key not in self.results:
            Recorder.reads.clear()
            result = self.compute(*arguments)
            if others := {name for name in Recorder.reads if name.startswith("_")} - words.keys() - SETTINGS:
                raise ValueError(f"{', '.join(others)} is read, which is no answer.")
            if more := (Recorder.reads & words.keys()) - self.reads:
                self.reads |= more
                self.results.clear()
            self.results[self.key(words)] = result
        return self.results[self.key(words)]

    def key(self, words: Mapping[str, str]) -> tuple[str, ...]:
        """Return the answers to all that is read."""
        return tuple(words[name] for name in sorted(self.reads))
