"""What known senders do with a domain: not what they should do, but what they were seen to do."""
