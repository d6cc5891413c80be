"""MTA-STS (RFC 8461): the policies a host promises, who asked for them, and whether the world agrees."""
