"""Text from outside as it may stand in a message: one line, without what a mail or chat acts on."""

LIMIT = 300  # characters of one text; a domain has at most 253

# "&" is left: without "<" and ">" no chat makes anything of it
_INERT = str.maketrans({"<": "‹", ">": "›", "`": "'"})


def inert(text: object, limit: int = LIMIT) -> str:
    """The text in one line: no control or direction characters, no tag, mention or web address.

    Slack and Google Chat read links and mentions in angle brackets, Teams those of Markdown, and
    a mail program makes a link of what begins with a scheme.
    """
    shown = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in str(text)
    ).translate(_INERT)
    shown = shown.replace("://", ":/ /").replace("](", "] (").replace("@here", "@ here")
    shown = shown.replace("@channel", "@ channel").replace("@everyone", "@ everyone")
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
