# Tools set up otherwise.
sed -i 's/^show_missing = true/&\nskip_covered = true/; s/^branch = true/&\nparallel = false/' pyproject.toml
sed -i '/^\[tool.mypy\]/,/^$/s/^strict = true/&\npretty = true/' pyproject.toml
printf '\n[tool.ours]\nx = 1\n' >>pyproject.toml
