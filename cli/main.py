"""The mta-sts command."""


def main() -> None:
    """Run the command."""
