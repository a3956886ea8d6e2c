"""Memoization by reads, and the variants of a small template."""

from pathlib import Path

import pytest
from jinja2 import Environment

from tests.kit.commands import write
from tools.render.template import Answers, Template
from tools.render.tracking import MemoizedByReads, RecordingContext, recording
from tools.render.variants import Variants


@pytest.fixture
def environment() -> Environment:
    """Give a Jinja environment that records reads."""
    environment = Environment(autoescape=False)
    environment.context_class = RecordingContext
    return environment


def memoized(environment: Environment, text: str) -> MemoizedByReads[str]:
    """Return a memoized rendering of a text."""
    return MemoizedByReads(lambda answers: environment.from_string(text).render(answers))


def call(function: MemoizedByReads[str], **answers: str) -> str:
    """Call a memoized function with answers."""
    return function(answers, answers)


def nested(environment: Environment, inner: MemoizedByReads[str], text: str) -> MemoizedByReads[str]:
    """Return a memoized rendering of a text and, after it, of an inner memoized function."""

    def render(answers: Answers) -> str:
        return environment.from_string(text).render(answers) + call(inner, **answers)

    return MemoizedByReads(render)


def test_a_result_is_kept_for_equal_reads(environment: Environment) -> None:
    function = memoized(environment, "{{ a }}{% if a == '1' %}{{ b }}{% endif %}")
    assert [call(function, a=a, b=b) for a in "012" for b in "xy"] == ["0", "0", "1x", "1y", "2", "2"]
    assert function.reads == {"a", "b"}
    assert call(function, a="0", b="x", c="unread") == "0"
    assert len(function.results) == 6


@pytest.mark.parametrize("text", ["{{ a }}", ""])
def test_an_outer_function_depends_on_the_reads_of_an_inner_one(environment: Environment, text: str) -> None:
    inner = memoized(environment, "{{ b }}")
    outer = nested(environment, inner, text)
    for a in "01":
        for b in "xy":
            expected = (a if text else "") + b
            assert call(outer, a=a, b=b) == expected
    assert outer.reads == ({"a", "b"} if text else {"b"})
    assert inner.reads == {"b"}


def test_a_hit_counts_as_a_read(environment: Environment) -> None:
    inner = memoized(environment, "{{ b }}")
    assert call(inner, a="0", b="x") == "x"
    outer = nested(environment, inner, "{{ a }}")
    assert call(outer, a="0", b="x") == "0x"
    assert outer.reads == {"a", "b"}
    assert call(outer, a="0", b="y") == "0y"


def test_reads_before_an_inner_failure_count(environment: Environment) -> None:
    """A function that catches the failure depends on the answers that caused it."""

    def compute(answers: Answers) -> str:
        try:
            return environment.from_string("{{ a }}").render(answers) + call(failing, **answers)
        except ZeroDivisionError:
            return "failed"

    failing = memoized(environment, "{{ 1 // (b | int) }}")
    outer = MemoizedByReads(compute)
    assert call(outer, a="1", b="0") == "failed"
    assert not failing.results
    assert call(outer, a="1", b="1") == "11"
    assert outer.reads == {"a", "b"}


def test_a_failure_leaves_no_recording_behind(environment: Environment) -> None:
    failing = memoized(environment, "{{ b }}{{ 1 // (b | int) }}")
    with pytest.raises(ZeroDivisionError):
        call(failing, a="1", b="0")
    with recording() as names:
        environment.from_string("{{ a }}").render(a="1")
    assert names == {"a"}
    other = memoized(environment, "{{ a }}")
    assert call(other, a="1", b="0") == "1"
    assert other.reads == {"a"}


def test_a_read_of_no_answer_is_an_error(environment: Environment) -> None:
    function = memoized(environment, "{{ _now }}")
    with pytest.raises(ValueError, match="_now is read, but is no answer"):
        function({"a": "1"}, {"a": "1", "_now": "12:00"})


COPIER = """
_subdirectory: template
_envops: {undefined: jinja2.StrictUndefined}
_exclude:
  - "{% if kind == 'b' %}extra.txt{% endif %}"
kind: {type: str, choices: [a, b], default: a}
version: {type: str, choices: ['1', '2', '3'], default: '1'}
flag: {type: bool, default: true, when: "{{ kind == 'a' }}"}
name: {type: str, default: me}
"""


@pytest.fixture
def small(tmp_path: Path) -> Template:
    """Give a template of four questions and three files."""
    files = {
        "copier.yml": COPIER,
        "extensions/none": "",
        "template/fixed.txt": "fixed",
        "template/extra.txt.jinja": "{{ name }}",
        "template/main.txt.jinja": "{{ version }}{% if kind == 'a' and flag %}{{ name }}{% endif %}",
    }
    return Template(write({path: text.encode() for path, text in files.items()}, tmp_path))


EXAMPLES = [{"name": ["me"]}, {"name": ["you"]}]


def contents(variants: Variants, source: str) -> list[str]:
    """Return the contents of a source's variants."""
    return sorted(variant.content.decode() for variant in variants.of(f"template/{source}"))


def test_a_file_is_rendered_once_for_the_answers_that_it_reads(small: Template) -> None:
    variants = Variants(small, EXAMPLES)
    assert contents(variants, "fixed.txt") == ["fixed"]
    assert contents(variants, "extra.txt.jinja") == ["me", "you"]
    assert contents(variants, "main.txt.jinja") == ["1", "1me", "1you", "2", "2me", "2you", "3", "3me", "3you"]
    assert variants.renderings("template/fixed.txt") == 1
    assert variants.renderings("template/extra.txt.jinja") == 2
    # Three versions and two names, for: kind a with the flag, kind a without it, kind b.
    assert variants.renderings("template/main.txt.jinja") == 18


def test_questions_that_vary_alone_are_not_combined(small: Template) -> None:
    variants = Variants(small, EXAMPLES, alone=["version"])
    assert contents(variants, "main.txt.jinja") == ["1", "1me", "1you", "2me", "2you", "3me", "3you"]


def test_every_combination_renders_as_a_whole(small: Template) -> None:
    variants = Variants(small, EXAMPLES)
    for source in small.sources:
        assert variants.of(source)
    combinations = [combination for example in EXAMPLES for combination in small.product(example)]
    assert len(combinations) == 2 * 3 * 3
    for combination in combinations:
        assert variants.files(combination) == small.render(combination.asked)


def test_a_file_has_no_path_where_it_is_excluded(small: Template) -> None:
    variants = Variants(small)
    assert variants.paths("template/extra.txt.jinja") == {"extra.txt"}
    found = {one.asked["kind"]: set(variants.places(one).values()) for one in small.product(vary=["kind"])}
    assert found == {"a": {"fixed.txt", "extra.txt", "main.txt"}, "b": {"fixed.txt", "main.txt"}}


def test_a_question_varies_with_those_that_it_depends_on(small: Template) -> None:
    assert [one.asked.get("flag") for one in small.product(vary=["flag"])] == [True, False, None]
    assert [one.asked for one in small.product(vary=())] == [{"kind": "a", "version": "1", "flag": True, "name": "me"}]
