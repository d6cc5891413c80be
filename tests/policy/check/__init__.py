"""Tests of the probes, on loopback."""
