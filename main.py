"""The function's entry points.

``policy_host`` is public and answers policy fetches. Nothing heavy is imported for it: most
fetches meet a cold instance, and some senders give up after 2 seconds.
"""

import os
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
# functions-framework appends our folder, so that an installed copy of us would win
sys.path.insert(0, str(_HERE))

import flask

from policy import config, wsgi
from policy.errors import SettingsError

try:
    _settings = config.settings(os.environ, cwd=Path.cwd(), code=_HERE)
except SettingsError as error:
    wsgi.complain(str(error))
    sys.exit(2)

_policy_host = wsgi.policy_host(_settings, environ=os.environ)

# functions-framework loads us inside its application. Its routing answers robots.txt, upgrades
# and long hosts itself and reads whole bodies; in front of it, every request is ours.
if flask.has_app_context() and os.environ.get("FUNCTION_TARGET") == "policy_host":
    flask.current_app.wsgi_app = _policy_host  # type: ignore[method-assign]


def policy_host(request: flask.Request) -> flask.Response:
    """Serve a policy, for frameworks that call a function with a Flask request."""
    answer = _policy_host.answer(request.environ)
    response = flask.Response(answer.body, answer.status)
    response.headers.clear()
    response.headers.extend(answer.headers)
    return response
