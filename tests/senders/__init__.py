"""Tests of who fetched."""
