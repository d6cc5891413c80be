"""The rules behind the finding codes, by subject; policy.register holds them together."""
