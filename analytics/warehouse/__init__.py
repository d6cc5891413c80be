"""Where events and reports are kept and asked: one interface, an adapter for each engine."""
