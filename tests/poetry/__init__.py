"""Tests that lock, install and check generated projects with Poetry."""
