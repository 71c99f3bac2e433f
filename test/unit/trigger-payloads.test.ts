import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/domain/failures.ts';
import { triggers } from '../../src/triggers/index.ts';
import { pagerdutyVector } from './vectors/pagerduty.ts';

const { alertmanager, grafana, pagerduty, standard, generic } = triggers;

/** As Alertmanager 0.25 sends it. */
const notification = (alert: object = {}) => ({
  receiver: 'backstep',
  status: 'firing',
  alerts: [
    {
      status: 'firing',
      labels: { alertname: 'RadarDown', service: 'radar', severity: 'critical' },
      annotations: { summary: 'Half of the requests fail' },
      startsAt: '2025-11-18T02:40:00.123456789Z',
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: '',
      fingerprint: 'b3f1c0ffee00d00d',
      ...alert,
    },
  ],
  groupLabels: { alertname: 'RadarDown' },
  groupKey: '{}:{alertname="RadarDown"}',
  version: '4',
  truncatedAlerts: 0,
});

const faultsOf = (parse: () => unknown): string[] => {
  try {
    parse();
  } catch (error) {
    if (error instanceof Failure && error.type === 'InvalidRequest')
      return error.details['faults'] as string[];
    throw error;
  }
  throw new Error('it was accepted');
};

describe('Alertmanager and Grafana', () => {
  test('an alert keeps its labels; its fingerprint tells one firing from the next', () => {
    const [alert] = alertmanager.parse(notification());
    expect(alert).toEqual({
      source: 'alertmanager',
      fingerprint: 'b3f1c0ffee00d00d@2025-11-18T02:40:00.123456789Z',
      status: 'firing',
      name: 'RadarDown',
      summary: 'Half of the requests fail',
      labels: { alertname: 'RadarDown', service: 'radar', severity: 'critical' },
      at: '2025-11-18T02:40:00.123Z',
    });
    const endsAt = '2025-11-20T04:00:00Z';
    const [resolved] = alertmanager.parse(notification({ status: 'resolved', endsAt }));
    expect(resolved).toMatchObject({
      status: 'resolved',
      fingerprint: alert?.fingerprint,
      at: '2025-11-20T04:00:00.000Z',
    });
    const [again] = alertmanager.parse(notification({ startsAt: '2025-11-19T02:40:00Z' }));
    expect(again?.fingerprint).not.toBe(alert?.fingerprint);
  });

  test('Grafana’s is the same with more in it', () => {
    const more = { values: { A: 1 }, dashboardURL: 'https://g/d/1', valueString: '[ var=A ]' };
    expect(grafana.parse(notification(more))).toMatchObject([{ source: 'grafana', name: 'RadarDown' }]);
  });

  test('every fault is named with its place', () => {
    const bad = notification({ status: 'maybe', startsAt: 'yesterday', fingerprint: '', labels: { a: 1 } });
    expect(faultsOf(() => alertmanager.parse(bad)).map((fault) => fault.split(':')[0])).toEqual([
      'alerts.0.status',
      'alerts.0.labels.a',
      'alerts.0.startsAt',
      'alerts.0.fingerprint',
    ]);
    expect(faultsOf(() => alertmanager.parse({ alerts: [] }))).toHaveLength(1);
    for (const body of [null, 7, [], 'x', undefined])
      expect(faultsOf(() => alertmanager.parse(body)).length).toBeGreaterThan(0);
  });

  test('what an alert says of itself may be long; its beginning is kept', () => {
    const annotations = { summary: 'x'.repeat(1_900) };
    expect(alertmanager.parse(notification({ annotations }))[0]?.summary).toHaveLength(500);
  });
});

const event = (event_type: string) => {
  const body = JSON.parse(pagerdutyVector.body) as { event: object };
  return { event: { ...body.event, event_type } };
};

describe('PagerDuty', () => {
  test('begin and end of an incident are alerts; all else it tells is none', () => {
    const [triggered] = pagerduty.parse(event('incident.triggered'));
    expect(triggered).toEqual({
      source: 'pagerduty',
      fingerprint: 'PGR0VU2',
      status: 'firing',
      name: 'A little bump in the road',
      summary: 'A little bump in the road',
      labels: {
        service: 'API Service',
        service_id: 'PF9KMXH',
        urgency: 'high',
        priority: 'P1',
        title: 'A little bump in the road',
      },
      at: '2021-04-26T17:36:27.458Z',
    });
    expect(pagerduty.parse(event('incident.resolved'))).toMatchObject([
      { status: 'resolved', fingerprint: 'PGR0VU2' },
    ]);
    for (const other of ['incident.priority_updated', 'incident.acknowledged', 'pagey.ping'])
      expect(pagerduty.parse(event(other))).toEqual([]);
  });

  test('an incident without an id is refused, an unknown kind of event is not', () => {
    const broken = { event: { ...event('incident.triggered').event, data: { title: 'x' } } };
    expect(faultsOf(() => pagerduty.parse(broken))).toEqual([expect.stringMatching(/^data\.id: /)]);
    expect(faultsOf(() => pagerduty.parse({}))).toHaveLength(1);
  });
});

describe('Standard Webhooks and generic', () => {
  const plain = { fingerprint: 'deploy-7', labels: { service: 'radar' }, name: 'Errors', summary: 'many' };

  test('the same alert, by itself or as the data of an event', () => {
    expect(generic.parse(plain)).toEqual([{ source: 'generic', status: 'firing', ...plain }]);
    const event = { type: 'alert.resolved', timestamp: '2025-11-18T02:40:00Z' };
    expect(standard.parse({ ...event, data: { ...plain, status: 'resolved' } })).toEqual([
      { source: 'standard', ...plain, status: 'resolved' },
    ]);
  });

  test('a key that does not exist is refused: a label never names a revision or a command', () => {
    expect(faultsOf(() => generic.parse({ ...plain, target: 'base', command: 'rm' }))).toEqual([
      expect.stringMatching(/target.*command/),
    ]);
    expect(faultsOf(() => standard.parse({ type: 'alert', data: {} }))).toEqual([
      expect.stringMatching(/^data\.fingerprint: /),
      expect.stringMatching(/^data\.labels: /),
    ]);
  });
});
