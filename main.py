"""The function's entry points.

``policy_host`` is public and answers policy fetches. Nothing heavy is imported for it, not even
Flask where no framework has done so: most fetches meet a cold instance, and some senders give
up after 2 seconds. ``refresh`` is private, called by a schedule, and imports what it needs itself.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

_HERE = Path(__file__).resolve().parent
# functions-framework appends our folder, so that an installed copy of us would win
sys.path.insert(0, str(_HERE))

from policy import config, wsgi
from policy.errors import SettingsError

if TYPE_CHECKING:
    import flask

try:
    _settings = config.settings(os.environ, cwd=Path.cwd(), code=_HERE)
except SettingsError as error:
    wsgi.complain(str(error))
    sys.exit(2)

_host = wsgi.policy_host(_settings, environ=os.environ)


def policy_host(request: "flask.Request") -> "flask.Response":
    """Serve a policy, for frameworks that call a function with a Flask request."""
    import flask

    answer = _host.answer(request.environ)
    response = flask.Response(answer.body, answer.status)
    response.headers.clear()
    response.headers.extend(answer.headers)
    return response


def refresh(_request: "flask.Request") -> "flask.Response":
    """Do all scheduled work: 200 only where all of it worked, and a summary as one line of log."""
    import json

    import flask

    from analytics.refresh.function import refreshed

    status, summary = refreshed(_settings, os.environ)
    line = json.dumps(summary)
    print(line, flush=True)
    return flask.Response(f"{line}\n", status, mimetype="application/json")


def _stand_in_front() -> None:
    """Put our WSGI callable in front of the routing of the application that loads us.

    functions-framework answers robots.txt, upgrades and long hosts itself, and reads whole
    bodies; in front of that every request is ours.
    """
    framework = sys.modules.get("flask")
    if (
        framework
        and framework.has_app_context()
        and os.environ.get("FUNCTION_TARGET") == "policy_host"
    ):
        framework.current_app.wsgi_app = _host


_stand_in_front()
