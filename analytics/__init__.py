"""Who fetched, and what senders report: the warehouse and its views."""
