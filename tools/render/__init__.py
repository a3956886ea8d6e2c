"""Rendering in memory: the template, the answers that each file reads, and the variants of each file."""
