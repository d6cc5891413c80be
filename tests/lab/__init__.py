"""A small internet in one network namespace, with mail software that is not ours.

=====================================  ==================
authoritative DNS for ``example.``     127.0.0.1:53
the function, as functions-framework   127.0.0.1:8080
postfix-mta-sts-resolver               127.0.0.1:8461
sending Postfix; fetches come from it  127.0.0.2:25
TLS front of all policy hosts          127.0.0.10:443
receiving Postfix                      127.0.0.20:25
=====================================  ==================

It needs root and leaves nothing behind; no packet leaves the machine.
"""

from tests.lab.lab import Lab
from tests.lab.needs import missing

__all__ = ["Lab", "missing"]
