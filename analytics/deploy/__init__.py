"""What must be in a Google Cloud project, and how it comes there: plan, then apply."""
