"""What known senders do: their reading against what was measured, and the fate of a mail."""
