"""What the world says about a policy domain, asked as a sending MTA would ask."""
