"""Reproducible figures, each a command."""
