// Standard Webhooks, with the specification's own library (`npm install standardwebhooks`):
//   BACKSTEP_URL=https://backstep.example.com BACKSTEP_SECRET=whsec_… node standard.mjs
import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

const { BACKSTEP_URL, BACKSTEP_SECRET } = process.env;
const now = new Date();
const id = `msg_${randomUUID()}`;
const body = JSON.stringify({
  type: 'alert.firing',
  timestamp: now.toISOString(),
  data: {
    fingerprint: 'deploy-2025-11-18',
    name: 'MigrationBroken',
    labels: { service: 'deeptech-radar', rollback: 'backstep' },
    summary: 'The smoke test fails since the migration.',
  },
});
const response = await fetch(`${BACKSTEP_URL}/triggers/standard`, {
  method: 'POST',
  body,
  headers: {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
    'webhook-signature': new Webhook(BACKSTEP_SECRET).sign(id, now, body),
  },
});
console.log(response.status, await response.text());
process.exitCode = response.ok ? 0 : 1;
