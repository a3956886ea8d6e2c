"""The template in figures: `.venv/bin/python -m benchmarks.figures`.

Combinations, renders a second, locks and their size, distinct build contexts, and what each image adds to its base.
"""

import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.images.test_image import CONTEXTS
from tests.kit.answers import EXAMPLES, KINDS, working_tree
from tests.kit.docker import base_of, bytes_above, engine_is_missing, image_of, what_is
from tests.kit.pythons import pythons
from tests.kit.rendered_files import ANSWERS, with_texts
from tools.lock.refresh import FOLDER
from tools.render.template import ROOT, Template, copy_parts


def render_some() -> float:
    """Render whole repositories and return how many were rendered in a second, on one core."""
    start = time.perf_counter()
    found = working_tree().product(vary=("project_type", "python_version", "installer"))
    for combination in found:
        working_tree().render(combination.asked)
    return len(found) / (time.perf_counter() - start)


def render_variants(template: Template) -> str:
    """Render every variant of every file, and tell how many variants there are, and how long it took."""
    start = time.perf_counter()
    variants = with_texts(template)
    files = sum(len(variants.of(source)) for source in template.sources if source != ANSWERS)
    seconds = time.perf_counter() - start
    return f"{files} distinct files: {seconds:.1f} s"


def with_a_question() -> Template:
    """Return the template with one more yes or no, which the README reads."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        copy_parts(ROOT, folder)
        question = "greet:\n  type: bool\n  default: true\n\ndocker:\n"
        for path, old, new in (
            ("copier.yml", "docker:\n", question),
            ("template/README.md.jinja", "## Develop\n", "{% if greet %}\nHello!\n{% endif %}\n## Develop\n"),
        ):
            text = (folder / path).read_text(encoding="utf-8")
            (folder / path).write_text(text.replace(old, new, 1), encoding="utf-8")
        return Template(folder)


def image_sizes(version: str) -> None:
    """Print what the image of each kind and installer adds to its base."""
    base = base_of({"python_version": version})
    print(f"\nMB above {base} ({what_is(base)}):")
    for kind in KINDS:
        for installer in ("pip", "poetry"):
            answers = {"project_type": kind, "installer": installer, "python_version": version}
            with TemporaryDirectory() as folder, image_of(working_tree().render(answers), Path(folder)) as image:
                print(f"  {kind:12} {installer:7} {bytes_above(base, image) / 1e6:7.2f}")


def main() -> None:
    """Print all figures."""
    index = json.loads((FOLDER / "index.json").read_text(encoding="utf-8"))
    size = sum(file.stat().st_size for file in FOLDER.iterdir())
    print(
        f"{len(working_tree().product())} combinations of choices and flags, {len(working_tree().product(EXAMPLES))} with Debian packages"
    )
    print(f"{render_some():.0f} renders of whole repositories a second, on one core")
    print(render_variants(Template()))
    print(f"with one more question: {render_variants(with_a_question())}")
    print(f"{len(index)} locks from {len(list(FOLDER.glob('*.toml')))} packages, {size / 1000:.0f} kB")
    print(f"{len(CONTEXTS)} distinct build contexts")
    if engine_is_missing():
        sys.exit("Images were not measured: no Docker engine answers.")
    image_sizes(pythons()[-2])


if __name__ == "__main__":
    main()
