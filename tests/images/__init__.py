"""Tests that build and run images."""
