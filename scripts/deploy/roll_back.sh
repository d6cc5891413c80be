#!/usr/bin/env bash
# A step of cloudbuild.yaml: where wrong bytes are served, the revision of before serves again.
set -euo pipefail
state=${DEPLOY_STATE:-.deploy}
[ -e "$state/wrong" ] || exit 0
previous=$(cat "$state/previous")
if [ -z "$previous" ]; then
    echo "wrong bytes are served, and there is no revision of before to go back to" >&2
    exit 1
fi
gcloud run services update-traffic "$_SERVICE" --quiet \
    --project="$PROJECT_ID" --region="$_REGION" --to-revisions="$previous=100"
echo "wrong bytes were served; $previous serves again" >&2
exit 1
