#!/bin/sh
# Anything that can run a command: signs an alert and sends it.
#   BACKSTEP_URL=https://backstep.example.com BACKSTEP_SECRET=… sh generic.sh
set -eu
body='{"fingerprint":"deploy-2025-11-18","name":"MigrationBroken","labels":{"service":"deeptech-radar","rollback":"backstep"},"summary":"The smoke test fails since the migration."}'
time=$(date +%s)
signature=$(printf '%s.%s' "$time" "$body" | openssl dgst -sha256 -hmac "$BACKSTEP_SECRET" | sed 's/.*= *//')
curl --fail-with-body --silent --show-error --retry 5 "$BACKSTEP_URL/triggers/generic" \
  --header 'Content-Type: application/json' \
  --header "X-Backstep-Signature: t=$time,v1=$signature" \
  --data "$body"
