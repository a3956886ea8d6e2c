"""myproject, as a package and as the command hello."""
