"""Messages to people: mails and webhooks, each tried again until it is taken."""
