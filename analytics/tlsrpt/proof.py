"""The proof that an item gives of its reports: asked for once an item, and only where it is wanted."""

from dataclasses import replace
from functools import cached_property

from analytics.tlsrpt.authenticate import KeyLookup, Signed, authenticated, verified
from analytics.tlsrpt.model import Authenticated, Authentication, Channel
from analytics.tlsrpt.reading import Reading

UNPROVEN = (Authentication.TEMP_ERROR, Authentication.SKIPPED)  # asked again at the next run

_UNSIGNED = {
    Channel.FILE: Authenticated(Authentication.NONE, reason="a file is not signed"),
    Channel.HTTPS: Authenticated(Authentication.NONE, reason="what is posted is not signed"),
    Channel.MAIL: Authenticated(Authentication.NONE, reason="it is no mail that can be read"),
}


class Prover:
    """What the signatures of an item prove; without ``keys`` they are not looked at."""

    def __init__(self, reading: Reading, keys: KeyLookup | None, authserv_id: str) -> None:
        self._reading = reading
        self._keys = keys
        self._authserv_id = authserv_id

    def proof(self, contact_info: str | None) -> Authenticated:
        """How well it is proven who a report with this contact is from."""
        mail = self._reading.mail
        if mail is None or self._reading.item.channel is Channel.HTTPS:
            return _UNSIGNED[self._reading.item.channel]
        if self._keys is None:
            return Authenticated(Authentication.SKIPPED, reason="--no-dkim")
        return self.kept(authenticated(self._signed, mail.from_domain, contact_info))

    def kept(self, proof: Authenticated) -> Authenticated:
        """A proof with the address that the mail is from, which tells the operator."""
        mail = self._reading.mail
        return replace(proof, from_address=mail.from_address) if mail else proof

    @cached_property
    def _signed(self) -> Signed:
        assert self._keys is not None  # noqa: S101 - proof() has looked
        return verified(self._reading.item.data, self._keys, authserv_id=self._authserv_id)
