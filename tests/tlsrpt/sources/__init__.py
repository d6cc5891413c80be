"""The tests of sources, module by module."""
