"""Tests without Docker, and without a start of Poetry per case: `make test-fast`."""
