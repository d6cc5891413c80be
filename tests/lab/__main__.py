"""``make lab``: one mail from Postfix to Postfix under a policy that our host serves.

It shows what the sending Postfix logged beside what our host logged and the warehouse tells.
Needs root; nothing leaves the machine, and nothing is left behind.
"""

import os
import subprocess
import sys
from pathlib import Path

from policy.model import Mode, MxPattern, Policy
from tests.lab import Lab, missing
from tests.lab.mail import Mail

DOMAIN = "mail.example"
_COMMAND = Path(sys.executable).with_name("mta-sts")
_POLICY = Policy(Mode.ENFORCE, 86_400, (MxPattern(f"mx.{DOMAIN}"),))


def main() -> int:
    """Run it; exit status 3 where this machine cannot."""
    if reason := missing():
        print(f"the lab {reason}; .ci/run says how to install what is absent", file=sys.stderr)
        return 3
    with Lab() as lab:
        print("The lab: name server, policy host behind TLS, postfix-mta-sts-resolver.")
        named = lab.domain(DOMAIN, str(_POLICY))
        print(f"{DOMAIN} has a policy in enforce, id {named}, and two Postfixes start.\n")
        with Mail(lab, (DOMAIN,), f"mx.{DOMAIN}") as mail:
            outcome = mail.deliver(f"postmaster@{DOMAIN}")
            _show("The sending Postfix", _postfix(mail))
            _show("Our host, one event line a request", _events(lab))
            for words in (("check", DOMAIN, "--allow-private"), ("fetches",), ("senders",)):
                _show(f"mta-sts {' '.join(words)}", _run(lab, *words))
    print(f"The mail: {outcome}\nAll of it has ended; nothing is left.")
    return 0 if outcome.startswith("sent ") else 3


def _show(title: str, text: str) -> None:
    print(f"--- {title}\n{text.rstrip()}\n")


def _postfix(mail: Mail) -> str:
    marks = (" TLS connection established to ", " status=")
    return "\n".join(line for line in mail.sending.log() if any(mark in line for mark in marks))


def _events(lab: Lab) -> str:
    wanted = ("fetched_at", "policy_domain", "policy_id", "http_status", "client_ip", "user_agent")
    return "\n".join(
        "  ".join(f"{name}={fetch[name]}" for name in wanted) for fetch in lab.host.events(DOMAIN)
    )


def _run(lab: Lab, *words: str) -> str:
    environ = {
        "MTA_STS_HOME": str(lab.host.home),
        "MTA_STS_POLICIES": str(lab.host.policies),
        "SSL_CERT_FILE": str(lab.authority.file),
    }
    if words[0] == "check":  # it has to look from inside
        return lab.namespace.run([_COMMAND, *words], environ=environ).stdout
    done = subprocess.run(
        [_COMMAND, *words],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env={"PATH": os.environ["PATH"], **environ},
        timeout=60,
    )
    return done.stdout + done.stderr


if __name__ == "__main__":
    sys.exit(main())
