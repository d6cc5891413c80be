"""All scheduled work at once: what a function in the cloud does every 15 minutes, or a desk by cron."""
