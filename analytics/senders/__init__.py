"""Who fetched: operators, their networks and names, and how well each of them is proven."""
