"""A mailbox over IMAP: place (how it is named), choice (what is shown to it), mailbox, position."""
