#!/usr/bin/env bash
# A step of cloudbuild.yaml: datasets, tables, views and the log sink.
# First before the function, so that its first event has its sink; then after it, with a number of
# seconds: the sink's tables come with the first event, and the last views with them.
set -euo pipefail
export MTA_STS_WAREHOUSE="bigquery:$PROJECT_ID.$_DATASET"
export MTA_STS_CLIENT_IP="$_CLIENT_IP" MTA_STS_RETENTION_DAYS="$_RETENTION_DAYS"
export MTA_STS_POLICIES="$_POLICIES"

# from here a load balancer's function cannot be asked, so that nothing comes while we wait
wait=${1:-0}
[ "$_INGRESS" = all ] || wait=0
options=(--yes --region "$_REGION" --service "$_SERVICE" --sink "$_SINK" --wait "$wait")
[ -z "$_LOCATION" ] || options+=(--location "$_LOCATION")
[ "$_KEEP_IN_DEFAULT" = true ] || options+=(--exclude-from-default)
"${MTA_STS:-.venv/bin/mta-sts}" deploy "${options[@]}"
