"""Our word on domains, as ``mta-sts check --no-smtp`` looks and judges.

``python -m tests.bench.our_check CA_FILE DOMAINS``
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

from policy.check.judge import judge
from policy.check.run import Settings, observations
from tests.bench.server import CLIENT_CORE

if __name__ == "__main__":
    os.sched_setaffinity(0, {CLIENT_CORE % (os.cpu_count() or 1)})
    domains = Path(sys.argv[2]).read_text(encoding="ascii").split()
    settings = Settings(ca_file=sys.argv[1], asks_smtp=False, allow_private=True)
    start, used = time.monotonic(), time.process_time()
    judged = [judge(seen) for seen in observations(domains, settings)]
    told = {
        "seconds": time.monotonic() - start,
        "cpu_s": time.process_time() - used,
        "rss_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "right": sum(not (each.has_error or each.is_unfinished) for each in judged),
    }
    print(json.dumps(told))
