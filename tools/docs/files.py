"""Generated files in the repository: find and write the stale ones."""

from collections.abc import Collection, Mapping
from pathlib import Path

from tools.repository import ROOT, git


def stale(files: Mapping[Path, bytes], folders: Collection[Path] = (), keep: Collection[Path] = ()) -> list[Path]:
    """Return the paths whose content differs from the generated one, or that are left over.

    Args:
        files: The generated content by path.
        folders: Folders that hold generated files only. Other files in them that Git does not ignore are left over.
        keep: Files in these folders that people write.
    """
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *map(str, folders)).split("\0")
    in_folders = {ROOT / line for line in listed if line} if folders else set()
    paths = {*files, *in_folders} - {*keep}
    existing = {path: path.read_bytes() for path in paths if path.is_file()}
    return sorted(path for path in {*files, *existing} if files.get(path) != existing.get(path))


def update(files: Mapping[Path, bytes], folders: Collection[Path] = (), keep: Collection[Path] = ()) -> None:
    """Write the stale files and remove the ones that are left over."""
    for path in stale(files, folders, keep):
        if path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[path])
        else:
            path.unlink()
