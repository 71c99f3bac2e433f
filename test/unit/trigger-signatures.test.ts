import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { alertmanager } from '../../src/triggers/alertmanager.ts';
import { generic } from '../../src/triggers/generic.ts';
import { grafana } from '../../src/triggers/grafana.ts';
import { pagerduty } from '../../src/triggers/pagerduty.ts';
import { standard } from '../../src/triggers/standard.ts';
import type { Trigger } from '../../src/triggers/trigger.ts';
import { pagerdutyVector } from './vectors/pagerduty.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const check = (
  trigger: Trigger,
  headers: Record<string, string>,
  body: string,
  secrets: string[],
  now = Date.now(),
) => trigger.verify({ headers: new Headers(headers), body: bytes(body), now }, secrets);

const forbidden = (why: RegExp) => ({ refused: 403, why: expect.stringMatching(why) as string });
const unauthorized = { refused: 401, why: expect.stringMatching(/missing/) as string };

// Inputs of TestHMACRoundTripper in grafana/alerting (http/hmac_test.go), whose clock stands at 0; the
// signatures are what `openssl dgst -sha256 -hmac secret` says of `test message` and `0:test message`.
const grafanaSecret = 'secret';
const grafanaBody = 'test message';
const ofBody = '3bcebf43c85d20bba6e3b6ba278af1d2ba3ab0d57de271b0ad30b833e851c5a6';
const ofBoth = 'ac18a483a582b60a883e974541afe25aa1026136163e94665649743324183ef1';
const grafanaSignature = (hex: string, timestamp?: string) => ({
  'X-Grafana-Alerting-Signature': hex,
  ...(timestamp !== undefined && { 'X-Grafana-Alerting-Timestamp': timestamp }),
});

const at = (seconds: number) =>
  check(grafana, grafanaSignature(ofBoth, '0'), grafanaBody, [grafanaSecret], seconds * 1_000);

/** Where the gateway takes signatures without a time. */
const untimed = (hex: string, body = grafanaBody) => {
  const headers = new Headers(grafanaSignature(hex));
  return grafana.verify({ headers, body: bytes(body), now: 0, untimed: true }, [grafanaSecret]);
};

describe('Grafana', () => {
  test('its own vectors pass, with the time in them and without', () => {
    expect(untimed(ofBody)).toBe('verified');
    expect(check(grafana, grafanaSignature(ofBoth, '0'), grafanaBody, [grafanaSecret], 0)).toBe('verified');
  });

  test('a wrong, a missing and an old signature are refused, and one whose time was taken away', () => {
    expect(untimed(ofBody, 'test massage')).toEqual(forbidden(/fits no secret/));
    expect(check(grafana, {}, grafanaBody, [grafanaSecret])).toEqual(unauthorized);
    expect(check(grafana, grafanaSignature(ofBoth, '0'), grafanaBody, [grafanaSecret])).toEqual(
      forbidden(/last 5 minutes/),
    );
    expect(untimed(ofBoth)).toEqual(forbidden(/fits no secret/));
    expect(check(grafana, grafanaSignature(ofBoth, '1'), grafanaBody, [grafanaSecret], 0)).toEqual(
      forbidden(/fits no secret/),
    );
  });

  test('one without its time could be sent again for ever, and is refused unless the gateway is told otherwise', () => {
    expect(check(grafana, grafanaSignature(ofBody), grafanaBody, [grafanaSecret])).toEqual(unauthorized);
  });

  test('the window is five minutes, either way', () => {
    expect([at(300), at(-300)]).toEqual(['verified', 'verified']);
    expect([at(301), at(-301)]).toEqual([forbidden(/minutes/), forbidden(/minutes/)]);
  });
});

const signed = (value: string) => ({ 'X-PagerDuty-Signature': value });

describe('PagerDuty', () => {
  const { secret, body, signature, mismatch } = pagerdutyVector;

  test('its own vectors pass: of its Go client', () => {
    expect(check(pagerduty, signed(signature), body, [secret])).toBe('verified');
    expect(check(pagerduty, signed(mismatch), body, [secret])).toEqual(forbidden(/fits no secret/));
    expect(check(pagerduty, {}, body, [secret])).toEqual(unauthorized);
    expect(check(pagerduty, signed(signature), '', [secret])).toEqual(forbidden(/fits no secret/));
  });

  test('while PagerDuty or we replace the secret, one of several will do', () => {
    expect(check(pagerduty, signed(`${mismatch}, ${signature}`), body, [secret])).toBe('verified');
    expect(check(pagerduty, signed(signature), body, ['another one of ours', secret])).toBe('verified');
    expect(check(pagerduty, signed(signature.replace('v1=', 'v2=')), body, [secret])).toEqual(
      forbidden(/fits no secret/),
    );
  });
});

describe('Standard Webhooks', () => {
  // Of the specification's own libraries (`sign function works`).
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
  const time = 1_614_265_330;
  const body = '{"test": 2432232314}';
  const signature = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
  const headers = (changes: Record<string, string> = {}) => ({
    'webhook-id': id,
    'webhook-timestamp': String(time),
    'webhook-signature': signature,
    ...changes,
  });

  test('its own vector passes, also among others and without the prefix of the secret', () => {
    expect(check(standard, headers(), body, [secret], time * 1_000)).toBe('verified');
    const several = headers({ 'webhook-signature': `v1a,xyz v1,AAAA ${signature}` });
    expect(check(standard, several, body, [secret], time * 1_000)).toBe('verified');
    expect(check(standard, headers(), body, [secret.slice('whsec_'.length)], time * 1_000)).toBe('verified');
  });

  test('what the specification’s library signs now is verified', () => {
    const now = new Date();
    const made = new Webhook(secret).sign('msg_1', now, body);
    const seconds = String(Math.floor(now.getTime() / 1_000));
    const sent = { 'webhook-id': 'msg_1', 'webhook-timestamp': seconds, 'webhook-signature': made };
    expect(check(standard, sent, body, [secret])).toBe('verified');
    expect(check(standard, { ...sent, 'webhook-id': 'msg_2' }, body, [secret])).toEqual(
      forbidden(/fits no secret/),
    );
  });

  test('an old one and one without its headers are refused', () => {
    expect(check(standard, headers(), body, [secret])).toEqual(forbidden(/last 5 minutes/));
    expect(check(standard, { 'webhook-signature': signature }, body, [secret])).toEqual(unauthorized);
  });

  test('a secret that decodes to next to nothing fits nothing, not even what is signed with it', () => {
    const empty = createHmac('sha256', '').update(`${id}.${time}.${body}`).digest('base64');
    const sent = headers({ 'webhook-signature': `v1,${empty}` });
    expect(check(standard, sent, body, ['whsec_'], time * 1_000)).toEqual(forbidden(/fits no secret/));
  });
});

describe('Alertmanager', () => {
  const basic = `Basic ${Buffer.from('backstep:the secret of it').toString('base64')}`;

  test('a Bearer token or a password that is one of the secrets will do, nothing else', () => {
    const secrets = ['the new secret', 'the secret of it'];
    for (const authorization of ['Bearer the secret of it', 'bearer  the secret of it'])
      expect(check(alertmanager, { authorization }, '{}', secrets)).toBe('verified');
    expect(check(alertmanager, { authorization: basic }, '{}', secrets)).toBe('verified');
    expect(check(alertmanager, { authorization: basic }, '{}', ['the secret of i'])).toEqual(
      forbidden(/fits no secret/),
    );
    for (const authorization of ['', 'Bearer', 'Digest x'])
      expect(check(alertmanager, { authorization }, '{}', secrets)).toEqual(unauthorized);
  });
});

describe('generic', () => {
  const secret = 'a secret of a script';
  const body = '{"fingerprint":"1"}';
  const now = 1_700_000_000_000;
  const mac = createHmac('sha256', secret).update(`1700000000.${body}`).digest('hex');

  test('a signature with its time, or the secret itself', () => {
    const sent = { 'x-backstep-signature': `t=1700000000,v1=${mac}` };
    expect(check(generic, sent, body, [secret], now)).toBe('verified');
    expect(check(generic, sent, body, [secret], now + 301_000)).toEqual(forbidden(/last 5 minutes/));
    expect(check(generic, sent, `${body} `, [secret], now)).toEqual(forbidden(/fits no secret/));
    expect(check(generic, { authorization: 'Bearer asecret' }, body, ['asecret'])).toBe('verified');
    expect(check(generic, {}, body, [secret])).toEqual(unauthorized);
  });

  test('a wrong signature is not made good by a right credential', () => {
    const both = { 'x-backstep-signature': `t=1700000000,v1=${'0'.repeat(64)}`, authorization: 'Bearer s' };
    expect(check(generic, both, body, ['s'], now)).toEqual(forbidden(/fits no secret/));
  });
});
