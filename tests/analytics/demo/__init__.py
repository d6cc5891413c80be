"""The demo: its stories come out as they are told."""
