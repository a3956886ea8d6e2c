"""Settings of Sphinx: https://www.sphinx-doc.org/en/master/usage/configuration.html."""

project = "myproject"
extensions = ["myst_parser", "sphinx.ext.apidoc", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "furo"

# The reference has a page for each module, written anew at each build.
apidoc_modules = [
    {"path": "../src/myproject", "destination": "reference"},
]
