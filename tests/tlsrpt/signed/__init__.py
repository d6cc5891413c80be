"""The tests of what is signed, module by module."""
