"""TLS reports (RFC 8460): taken in from mail, HTTPS and files, read, authenticated, kept once."""
