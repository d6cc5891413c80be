"""The tests of STS Witness."""
