# A tool.
poetry add --lock --group dev tomli-w
