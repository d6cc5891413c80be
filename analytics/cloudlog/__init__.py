"""Cloud Logging: which entries are ours, and their way to the desk."""
