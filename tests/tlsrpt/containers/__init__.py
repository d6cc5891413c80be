"""What reports are packed in."""
