"""The option of the commands that speak more than one language."""

import click

from analytics.texts.catalogue import LANGUAGES

lang_option = click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    default=LANGUAGES[0],
    show_default=True,
    help="The language of what people read; codes stay.",
)
