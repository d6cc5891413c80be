#!/usr/bin/env bash
# A step of cloudbuild.yaml: are the right bytes served? Only wrong ones are taken back, by the
# next step; the others are warnings.
set -euo pipefail
state=${DEPLOY_STATE:-.deploy}
export MTA_STS_WAREHOUSE="bigquery:$PROJECT_ID.$_DATASET" MTA_STS_POLICIES="$_POLICIES"
SERVICE_URL=$(cat "$state/url")
export SERVICE_URL
rm -f "$state/wrong"
code=0
"${PYTHON:-.venv/bin/python}" scripts/deploy/smoke.py after || code=$?
if [ "$code" = 10 ]; then
    touch "$state/wrong"
elif [ "$code" != 0 ]; then
    echo "warning: the smoke check itself failed; nothing is taken back for that" >&2
fi
