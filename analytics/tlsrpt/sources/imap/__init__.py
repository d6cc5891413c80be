"""A mailbox over IMAP: what came since the last time, whatever happens to the connection."""
