"""Access logs: their lines, their files, and their way into the warehouse."""
