"""The signatures of a mail, and what a receiver says of them: bytes in, values out."""
