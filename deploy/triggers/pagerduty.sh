#!/bin/sh
# PagerDuty: subscribes the gateway to the incidents of one service. The answer holds the secret
# (`delivery_method.secret`), once: put it into the file `pagerduty` of the gateway.
#   PAGERDUTY_TOKEN=… PAGERDUTY_SERVICE=PF9KMXH BACKSTEP_URL=https://backstep.example.com sh pagerduty.sh
set -eu
: "${PAGERDUTY_API:=https://api.pagerduty.com}"
curl --fail --silent --show-error "$PAGERDUTY_API/webhook_subscriptions" \
  --header "Authorization: Token token=$PAGERDUTY_TOKEN" \
  --header 'Content-Type: application/json' \
  --data @- <<JSON
{
  "webhook_subscription": {
    "type": "webhook_subscription",
    "description": "Backstep: propose a rollback",
    "delivery_method": { "type": "http_delivery_method", "url": "$BACKSTEP_URL/triggers/pagerduty" },
    "events": ["incident.triggered", "incident.reopened", "incident.resolved"],
    "filter": { "type": "service_reference", "id": "$PAGERDUTY_SERVICE" }
  }
}
JSON
