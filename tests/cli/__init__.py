"""The tests of the mta-sts command."""
