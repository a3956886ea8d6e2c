"""The code that tests and benchmarks share: commands, answers, Docker, index, updates, checks."""
