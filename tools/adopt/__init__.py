"""Adoption: a Poetry project that was not generated gets the template in a branch of its own."""
