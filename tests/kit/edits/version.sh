# A release of the project.
poetry version minor
