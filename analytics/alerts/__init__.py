"""Alerts: what changed and needs a person; each opens once and closes once."""
