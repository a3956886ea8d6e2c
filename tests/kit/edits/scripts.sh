# A second command.
if grep -q '^\[project.scripts\]' pyproject.toml; then
    sed -i 's/^hello = .*/&\nbye = "data_tool.cli:main"/' pyproject.toml
else
    sed -i 's/^\[dependency-groups\]/[project.scripts]\nbye = "data_tool.app:main"\n\n&/' pyproject.toml
fi
