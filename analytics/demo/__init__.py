"""Sample data that is made as real data is: five domains that nobody has, and their stories."""
