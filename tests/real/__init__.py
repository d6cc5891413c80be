"""Tests with software that is not ours (make test-real)."""
