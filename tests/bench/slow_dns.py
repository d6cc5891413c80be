"""A resolver and the name servers behind it, on loopback, which answer after a while.

``python -m tests.bench.slow_dns RECORDS DELAY_S``: a line of RECORDS is a name, a type and a value.
What is asked at the first address is answered as a cache does, at the others with authority. The
answers are made beforehand, so that the server does not stand between the two that are compared.
"""

import asyncio
import functools
import sys
from collections import defaultdict
from pathlib import Path
from typing import cast

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

CACHE, AUTHORITIES = "127.0.0.1", ("127.0.0.3", "127.0.0.4")
PORT = 53
_TTL = 3600
_SOA = "ns1.provider.example. root.provider.example. 1 7200 900 1209600 300"


def answers(path: Path) -> dict[bytes, bytes]:
    """The answer, without its number and flags, to each question as it stands on the wire."""
    records: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for line in path.read_text(encoding="ascii").splitlines():
        name, kind, value = line.split(" ", 2)
        records[name, kind].append(value)
    made = {}
    for (name, kind), values in records.items():
        query = dns.message.make_query(name, kind)
        response = dns.message.make_response(query)
        rrset = dns.rrset.from_text(dns.name.from_text(name), _TTL, "IN", kind, *values)
        response.answer.append(rrset)
        made[query.to_wire()[12:]] = response.to_wire()[4:]
    return made


class Server(asyncio.DatagramProtocol):
    """Answers each question after a while."""

    def __init__(
        self, known: dict[bytes, bytes], names: set[bytes], delay_s: float, flags: int
    ) -> None:
        self._known, self._names, self._delay_s, self._flags = known, names, delay_s, flags
        soa = dns.rrset.from_text(dns.name.root, 300, "IN", "SOA", _SOA)[0].to_wire() or b""
        self._denial = b"\0\0\6\0\1\0\0\1\x2c" + len(soa).to_bytes(2, "big") + soa

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note where answers go."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer later, or at once."""
        answer = self._answer(data)
        if self._delay_s:
            loop = asyncio.get_running_loop()
            loop.call_later(self._delay_s, self._transport.sendto, answer, addr)
        else:
            self._transport.sendto(answer, addr)

    def _answer(self, data: bytes) -> bytes:
        end = data.index(b"\0", 12) + 5  # of the question: a name, type and class
        question = data[12:end].lower()
        known = self._known.get(question)
        flags = dns.flags.QR | dns.flags.RD | self._flags
        if known is not None:
            return data[:2] + flags.to_bytes(2, "big") + known
        code = dns.rcode.NOERROR if question[:-4] in self._names else dns.rcode.NXDOMAIN
        head = data[:2] + (flags | code).to_bytes(2, "big")
        return head + b"\0\1\0\0\0\1\0\0" + data[12:end] + self._denial


async def main() -> None:
    """Serve until ended."""
    known = answers(Path(sys.argv[1]))
    names = {question[:-4] for question in known}
    loop = asyncio.get_running_loop()
    for address in (CACHE, *AUTHORITIES):
        flags = dns.flags.RA if address == CACHE else dns.flags.AA
        made = functools.partial(Server, known, names, float(sys.argv[2]), int(flags))
        await loop.create_datagram_endpoint(made, local_addr=(address, PORT))
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
