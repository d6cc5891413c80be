#!/usr/bin/env bash
# A step of cloudbuild.yaml: one request, so that the function's own line and the platform's log of
# requests make the sink's tables. Its host is not a policy host, so that it counts as no fetch.
set -euo pipefail
if [ "$_INGRESS" != all ]; then
    echo "only the load balancer reaches the function; the first fetch through it makes the tables"
    exit 0
fi
url=$(cat "${DEPLOY_STATE:-.deploy}/url")
status=$(curl --silent --show-error --max-time 60 --retry 5 --retry-all-errors --output /dev/null \
    --user-agent sts-witness-deploy --write-out '%{http_code}' "$url/.well-known/mta-sts.txt")
echo "$url answers $status"
case "$status" in
404) ;; # as every host that is not mta-sts.<domain>
403)
    echo "the function is not public; a policy of the organisation may be in the way:" >&2
    echo "mta-sts deploy --check --warehouse bigquery:$PROJECT_ID" >&2
    exit 1
    ;;
*)
    echo "expected 404 from a host that has no policy" >&2
    exit 1
    ;;
esac
