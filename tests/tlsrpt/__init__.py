"""The tests of policy, module by module."""
