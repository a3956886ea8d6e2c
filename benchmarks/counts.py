"""Counts of the template: `.venv/bin/python -m benchmarks.counts`.

Combinations, renders per second, locks and their size, distinct build contexts, and the size of each image above its base.
"""

import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.kit.answers import EXAMPLES, KINDS, working_tree
from tests.kit.docker import base_of, bytes_above, engine_is_missing, image_of, what_is
from tests.kit.image_cases import image_cases
from tests.kit.pythons import pythons
from tests.kit.rendered_files import ANSWERS, with_texts
from tools.lock.refresh import FOLDER
from tools.render.template import Template, copy_parts
from tools.repository import ROOT


def renders_per_second() -> float:
    """Render whole repositories on one core, and return the number per second."""
    start = time.perf_counter()
    found = working_tree().product(vary=("project_type", "python_version", "installer"))
    for combination in found:
        working_tree().render(combination.asked)
    return len(found) / (time.perf_counter() - start)


def render_variants(template: Template) -> str:
    """Render every variant of every file, and return their number and the seconds as text."""
    start = time.perf_counter()
    variants = with_texts(template)
    files = sum(len(variants.of(source)) for source in template.sources if source != ANSWERS)
    return f"{files} distinct files: {time.perf_counter() - start:.1f} s"


def with_extra_question() -> Template:
    """Return the template with an extra yes-or-no question that the README reads."""
    edits = {
        "copier.yml": ("docker:\n", "greet:\n  type: bool\n  default: true\n\ndocker:\n"),
        "template/README.md.jinja": ("## Develop\n", "{% if greet %}\nHello!\n{% endif %}\n## Develop\n"),
    }
    with TemporaryDirectory() as name:
        copy_parts(ROOT, Path(name))
        for path, (old, new) in edits.items():
            file = Path(name, path)
            text = file.read_text(encoding="utf-8")
            assert old in text, f"{path} has no {old!r}"
            file.write_text(text.replace(old, new, 1), encoding="utf-8")
        return Template(Path(name))


def print_image_sizes(version: str) -> None:
    """Print the size of the image of each kind and installer above its base."""
    base = base_of({"python_version": version})
    print(f"\nMB above {base} ({what_is(base)}):")
    for kind in KINDS:
        for installer in ("pip", "poetry"):
            answers = {"project_type": kind, "installer": installer, "python_version": version}
            with TemporaryDirectory() as folder, image_of(working_tree().render(answers), Path(folder)) as image:
                print(f"  {kind:12} {installer:7} {bytes_above(base, image) / 1e6:7.2f}")


def main() -> None:
    """Print all counts."""
    index = json.loads((FOLDER / "index.json").read_text(encoding="utf-8"))
    size = sum(file.stat().st_size for file in FOLDER.iterdir())
    choices, with_packages = (len(working_tree().product(examples)) for examples in (None, EXAMPLES))
    print(f"{choices} combinations of choices and flags, {with_packages} with Debian packages")
    print(f"{renders_per_second():.0f} renders of whole repositories per second, on one core")
    print(render_variants(Template()))
    print(f"with an extra question: {render_variants(with_extra_question())}")
    print(f"{len(index)} locks from {len(list(FOLDER.glob('*.toml')))} packages, {size / 1000:.0f} kB")
    print(f"{len(image_cases())} distinct build contexts")
    if engine_is_missing():
        sys.exit("Start a Docker engine to measure the images: none answers.")
    print_image_sizes(pythons()[-2])


if __name__ == "__main__":
    main()
