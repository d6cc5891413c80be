"""The tests of a mailbox over IMAP, module by module; those on a real server are in tests/real."""
