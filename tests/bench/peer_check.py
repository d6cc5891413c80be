"""checkdmarc's word on domains, one after another as it works. Runs in its own environment.

``python peer_check.py WHAT DOMAINS``: WHAT is ``same`` (our questions: MTA-STS, MX with addresses and
TLSA, TLS reporting), ``policy`` (MTA-STS alone) or ``all`` (SPF, DMARC, BIMI, DNSSEC and more too).
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

import checkdmarc
from checkdmarc.mta_sts import check_mta_sts
from checkdmarc.smtp import check_mx
from checkdmarc.smtp_tls_reporting import check_smtp_tls_reporting

CLIENT_CORE = 1


def same(domain: str) -> bool:
    """Whether policy and reporting are right."""
    policy = check_mta_sts(domain)
    patterns = policy["policy"]["mx"] if policy["valid"] else None
    hosts = check_mx(domain, mta_sts_mx_patterns=patterns)
    reporting = check_smtp_tls_reporting(domain)
    return bool(policy["valid"]) and reporting["valid"] and len(hosts["hosts"]) == 2


def policy(domain: str) -> bool:
    """Whether the policy is right."""
    return bool(check_mta_sts(domain)["valid"])


def everything(domain: str) -> bool:
    """Whether the policy is right, with all else that it looks at."""
    return bool(checkdmarc.check_domains([domain])["mta_sts"]["valid"])


WHAT = {"same": same, "policy": policy, "all": everything}

if __name__ == "__main__":
    os.sched_setaffinity(0, {CLIENT_CORE % (os.cpu_count() or 1)})
    look = WHAT[sys.argv[1]]
    domains = Path(sys.argv[2]).read_text(encoding="ascii").split()
    start, used = time.monotonic(), time.process_time()
    right = sum(bool(look(domain)) for domain in domains)
    told = {
        "seconds": time.monotonic() - start,
        "cpu_s": time.process_time() - used,
        "rss_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "right": right,
    }
    print(json.dumps(told))
