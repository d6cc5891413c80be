"""What people read, in each language: one catalogue of Fluent files (projectfluent.org)."""
