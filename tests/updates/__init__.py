"""Tests that update and adopt repositories."""
