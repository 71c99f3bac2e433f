#!/bin/sh
# Makes what a gateway needs, where it is missing: its key, a secret for sessions, one for each source of alerts that
# does not bring its own, and a first person with a token, which is shown once.
#   sh gateway-secrets.sh <directory for the gateway alone> <directory for the workers' public keys>
set -eu
private=$1
public=$2
umask 077

random() { head -c 32 /dev/urandom | base64 | tr -d '\n=' | tr '+/' '-_'; }
# Whole or not at all: a run that was interrupted is made up for by the next.
make() { if [ ! -s "$1" ]; then cat > "$1.new" && mv "$1.new" "$1"; else cat > /dev/null; fi; }

mkdir -p "$private/triggers" "$public"
[ -s "$private/gateway.key.json" ] || backstep setup --gateway-keys "$private"
install -m 644 "$private/gateway.keys.json" "$public/gateway.keys.json"
random | make "$private/session-secret"
for source in alertmanager grafana generic; do random | make "$private/triggers/$source"; done
printf 'whsec_%s\n' "$(head -c 32 /dev/urandom | base64 | tr -d '\n')" | make "$private/triggers/standard"
if [ ! -s "$private/tokens" ]; then
  token=$(random)
  printf 'oncall oncall %s\n' "$(printf '%s' "$token" | sha256sum | cut -d ' ' -f 1)" | make "$private/tokens"
  echo "Token of \"oncall\", shown this once: $token"
fi
