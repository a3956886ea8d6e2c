"""The fleet report: how far repositories are behind the template, and how they differ from it."""
