"""The table of file owners in docs/updates.md."""

from tools.docs.markdown import code, table
from tools.ownership import ownership

OWNERS = {"yours": "yours", "template": "the template's"}
"""The owners in ownership.yml whose files have one owner, with their names in the docs."""


def ownership_table() -> str:
    """Write the owner of each generated file, and the template's parts of the shared files."""
    owned = ownership()
    rows = [[name, ", ".join(map(code, owned[owner]))] for owner, name in OWNERS.items()]
    shared = [f"{code(path)} ({', '.join(parts)})" for path, parts in owned["shared"].items()]
    return table(["whose", "files"], [*rows, ["shared, with the template's parts", ", ".join(shared)]], 2)
