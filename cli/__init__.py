"""The mta-sts command."""
