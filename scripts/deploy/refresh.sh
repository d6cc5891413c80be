#!/usr/bin/env bash
# A step of cloudbuild.yaml: the private function that judges and refreshes, and its schedule.
set -euo pipefail

source=$(mktemp -d)
cp -R main.py requirements.txt policy analytics "$source/"
if [ -n "${_POLICIES:-}" ] && [ "$_POLICIES" != policy/data ]; then
    rm -rf "$source/policy/data"
    cp -R "$_POLICIES" "$source/policy/data"
fi
# what is secret stays in Secret Manager; the account needs secretAccessor on each of them
secrets=""
for pair in "MTA_STS_IMAP_PASSWORD=$_IMAP_PASSWORD_SECRET" "MTA_STS_SMTP_PASSWORD=$_SMTP_PASSWORD_SECRET" \
    "MTA_STS_ALERT_WEBHOOK=$_WEBHOOK_URL_SECRET" "MTA_STS_ALERT_WEBHOOK_SECRET=$_WEBHOOK_KEY_SECRET"; do
    if [ -n "${pair#*=}" ]; then
        secrets="$secrets${secrets:+,}$pair:latest"
    fi
done
name="$_SERVICE-refresh"
account="$_REFRESH_ACCOUNT@$PROJECT_ID.iam.gserviceaccount.com"
caller="$_SCHEDULER_ACCOUNT@$PROJECT_ID.iam.gserviceaccount.com"
builder="projects/$PROJECT_ID/serviceAccounts/$_BUILD_ACCOUNT@$PROJECT_ID.iam.gserviceaccount.com"
gcloud run deploy "$name" --quiet \
    --project="$PROJECT_ID" \
    --region="$_REGION" \
    --source="$source" \
    --function=refresh \
    --base-image=python313 \
    --build-service-account="$builder" \
    --service-account="$account" \
    --no-allow-unauthenticated \
    --ingress=all \
    --cpu=1 \
    --memory=1Gi \
    --concurrency=1 \
    --timeout=900 \
    --min=0 \
    --max=1 \
    --set-env-vars="^|^GOOGLE_CLOUD_PROJECT=$PROJECT_ID|MTA_STS_WAREHOUSE=bigquery:$PROJECT_ID.$_DATASET|MTA_STS_CLIENT_IP=$_CLIENT_IP|MTA_STS_RETENTION_DAYS=$_RETENTION_DAYS|MTA_STS_ALERT_MAIL=$_ALERT_MAIL|MTA_STS_ALERT_FROM=$_ALERT_FROM|MTA_STS_SMTP=$_SMTP|MTA_STS_DIGEST=$_DIGEST|MTA_STS_REPORT_MAILBOX=$_REPORT_MAILBOX" \
    ${secrets:+"--set-secrets=$secrets"}

gcloud run services add-iam-policy-binding "$name" --quiet --format=none \
    --project="$PROJECT_ID" --region="$_REGION" \
    --member="serviceAccount:$caller" --role=roles/run.invoker

url=$(gcloud run services describe "$name" --project="$PROJECT_ID" --region="$_REGION" \
    --format='value(status.url)')
verb=create
if gcloud scheduler jobs describe "$name" --project="$PROJECT_ID" \
    --location="$_SCHEDULER_REGION" >/dev/null 2>&1; then
    verb=update
fi
gcloud scheduler jobs "$verb" http "$name" --quiet \
    --project="$PROJECT_ID" \
    --location="$_SCHEDULER_REGION" \
    --schedule="$_REFRESH_SCHEDULE" \
    --uri="$url" \
    --http-method=POST \
    --attempt-deadline=900s \
    --oidc-service-account-email="$caller" \
    --oidc-token-audience="$url"
echo "scheduled: $name, $_REFRESH_SCHEDULE"
