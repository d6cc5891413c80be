#!/usr/bin/env bash
# A step of cloudbuild.yaml: the public function, with a service account that has no role.
set -euo pipefail
state=${DEPLOY_STATE:-.deploy}
mkdir -p "$state"

# who serves now, so that wrong bytes can be taken back; nobody at the first deployment
gcloud run services describe "$_SERVICE" --project="$PROJECT_ID" --region="$_REGION" \
    --format='value(status.latestReadyRevisionName)' >"$state/previous" 2>/dev/null ||
    : >"$state/previous"

# what the function runs on, and nothing else: a smaller image starts sooner
source=$(mktemp -d)
cp -R main.py requirements.txt policy analytics "$source/"
if [ -n "${_POLICIES:-}" ] && [ "$_POLICIES" != policy/data ]; then
    rm -rf "$source/policy/data"
    cp -R "$_POLICIES" "$source/policy/data"
fi

account="$_HOST_ACCOUNT@$PROJECT_ID.iam.gserviceaccount.com"
builder="projects/$PROJECT_ID/serviceAccounts/$_BUILD_ACCOUNT@$PROJECT_ID.iam.gserviceaccount.com"
gcloud run deploy "$_SERVICE" --quiet \
    --project="$PROJECT_ID" \
    --region="$_REGION" \
    --source="$source" \
    --function=policy_host \
    --base-image=python313 \
    --build-service-account="$builder" \
    --service-account="$account" \
    --no-invoker-iam-check \
    --ingress="$_INGRESS" \
    --cpu=1 \
    --memory=256Mi \
    --concurrency=80 \
    --min="$_MIN_INSTANCES" \
    --max="$_MAX_INSTANCES" \
    --set-env-vars="^|^GOOGLE_CLOUD_PROJECT=$PROJECT_ID|MTA_STS_CLIENT_ADDRESS=$_CLIENT_ADDRESS|MTA_STS_CLIENT_IP=$_CLIENT_IP"

# after a roll-back, traffic stays with the revision that was named then
gcloud run services update-traffic "$_SERVICE" --quiet \
    --project="$PROJECT_ID" --region="$_REGION" --to-latest

gcloud run services describe "$_SERVICE" --project="$PROJECT_ID" --region="$_REGION" \
    --format='value(status.url)' >"$state/url"
echo "deployed: $(cat "$state/url")"
