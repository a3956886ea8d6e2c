"""The rest: each Dockerfile mutant, all build contexts, upstream claims, npm programs, tutorials. `make test-all`."""
