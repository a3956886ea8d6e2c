"""The lock store: runs Poetry for each set of dependencies and stores the packages."""
