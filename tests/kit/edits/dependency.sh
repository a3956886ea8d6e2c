# A package that the project needs.
poetry add --lock idna
