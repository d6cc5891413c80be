"""How much of a file or mail is read, by how it begins; nothing is read of what is larger."""

from analytics.tlsrpt.limits import MAX_COMPRESSED_BYTES, MAX_INFLATED_BYTES, MAX_MAIL_BYTES

HEAD = 64  # bytes that tell what it is
_COMPRESSED = (b"\x1f\x8b", b"PK")  # gzip (RFC 1952), zip
_JSON = (b"{", b"[", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")  # with a byte order mark


def limit(head: bytes) -> int:
    """The most bytes that an item may have that begins so."""
    if head.startswith(_COMPRESSED):
        return MAX_COMPRESSED_BYTES
    if head.lstrip(b" \t\r\n").startswith(_JSON):
        return MAX_INFLATED_BYTES
    return MAX_MAIL_BYTES


def too_large(found: int, most: int) -> str:
    """Why it is not read."""
    return f"too large: expected at most {most} bytes, found {found}"
