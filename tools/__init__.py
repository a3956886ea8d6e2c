"""The maintainers' programs: rendering in memory, questions as data, documents, locks, fleet report, release."""
