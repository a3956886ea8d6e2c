"""What the template language is extended with, and the maintainers' tools that know the template."""
