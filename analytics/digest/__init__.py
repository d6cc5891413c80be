"""The week in one mail: what changed, by domain, and nothing where nothing did."""
