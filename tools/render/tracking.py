"""Records the answers that a rendering reads, so that combinations which agree in them are rendered once.

A template's output depends on nothing but the answers that it reads, and the Jinja context sees each read. Nothing is
analysed: computed includes, macros and branches are followed as they are rendered.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

from jinja2.runtime import Context

T = TypeVar("T")

CONSTANTS = {"_copier_conf", "_external_data"}
"""Names that are no answers and the same for all combinations, as far as the template reads them."""

_recording: ContextVar[set[str] | None] = ContextVar("recording", default=None)
"""The names read by the innermost function that is being recorded."""


@contextmanager
def recording() -> Iterator[set[str]]:
    """Record the names that are read inside, and pass them on to the recording outside, after an exception as well."""
    names: set[str] = set()
    token = _recording.set(names)
    try:
        yield names
    finally:
        _recording.reset(token)
        record(names)


def record(names: Collection[str]) -> None:
    """Add names to the current recording, if there is one."""
    names_read = _recording.get()
    if names_read is not None:
        names_read.update(names)


class RecordingContext(Context):
    """A Jinja context that records each name that is looked up, in included and imported templates too."""

    def resolve_or_missing(self, key: str) -> Any:
        """Record a name and look it up."""
        record([key])
        return super().resolve_or_missing(key)


class MemoizedByReads(Generic[T]):
    """A function of answers, memoized by the answers that it reads.

    All results are keyed by every name that any call has read. If a call reads a new name, the earlier results are
    dropped. Calls may nest: a hit counts as a read of all names in its key, so that the outer function depends on them.

    Args:
        compute: The function. It reads answers through a RecordingContext.

    Attributes:
        reads: The answers that any call has read.
        results: The results by the fingerprints of these answers.
    """

    def __init__(self, compute: Callable[..., T]) -> None:
        """Wrap a function without calling it."""
        self.compute = compute
        self.reads: set[str] = set()
        self._sorted_reads: tuple[str, ...] = ()
        self.results: dict[tuple[str, ...], T] = {}

    def __call__(self, fingerprint: Mapping[str, str], *arguments: Any) -> T:
        """Return the function's result for its arguments.

        Args:
            fingerprint: A comparable form of each answer.
            arguments: The function's arguments, which hold these answers.

        Raises:
            ValueError: The function reads a name that can differ between equal answers, such as the time or a path.
        """
        key = self._key(fingerprint)
        if key in self.results:
            record(self.reads)
            return self.results[key]
        with recording() as names:
            result = self.compute(*arguments)
        if unknown := {name for name in names if name.startswith("_")} - fingerprint.keys() - CONSTANTS:
            raise ValueError(f"{', '.join(sorted(unknown))} is read, but is no answer.")
        if new := (names & fingerprint.keys()) - self.reads:
            self.reads |= new
            self._sorted_reads = tuple(sorted(self.reads))
            self.results.clear()
        self.results[self._key(fingerprint)] = result
        return result

    def _key(self, fingerprint: Mapping[str, str]) -> tuple[str, ...]:
        return tuple([fingerprint[name] for name in self._sorted_reads])
