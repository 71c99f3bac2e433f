import { describe, expect, it } from 'vitest';
import { isRecentEnough, requiredGo } from '../../lab/kubernetes/toolchain.ts';
import { readySince } from '../../lab/kubernetes/node.ts';
import { cacheDirectory } from '../../lab/paths.ts';
import { runStages } from '../../lab/progress.ts';
import { stages } from '../../lab/stages.ts';
import type { Stage, StageName } from '../../lab/stages.ts';
import { newState } from '../../lab/state.ts';

const stage = (after: StageName[], run: () => Promise<void>): Stage => ({
  title: 'a stage',
  usually: { cold: '1 s', warm: '1 s' },
  after,
  run,
});

describe('the stages of the lab', () => {
  it('stand on stages that exist', () => {
    for (const { after } of Object.values(stages)) {
      for (const name of after) expect(Object.keys(stages)).toContain(name);
    }
  });

  it('run beside one another, each after those it stands on', async () => {
    const order: string[] = [];
    const note = (name: string) => async () => {
      order.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      order.push(`${name} ends`);
    };
    await runStages(newState('disk'), () => {}, {
      postgres: stage(['network'], note('postgres')),
      network: stage([], note('network')),
      temporal: stage([], note('temporal')),
    });
    expect(order.slice(0, 2)).toEqual(['network begins', 'temporal begins']);
    expect(order.indexOf('postgres begins')).toBeGreaterThan(order.indexOf('network ends'));
    expect(order).toHaveLength(6);
  });

  it('do not begin after a failure, and the failure is the one thrown', async () => {
    const told: string[] = [];
    const work = runStages(
      newState('disk'),
      (event) => told.push('stage' in event ? `${event.stage} ${event.kind}` : event.kind),
      {
        network: stage([], () => Promise.reject(new Error('no bridge'))),
        postgres: stage(['network'], async () => {}),
      },
    );
    await expect(work).rejects.toThrow('no bridge');
    expect(told).toEqual(['network began', 'network failed']);
  });
});

describe('the Go that builds Kubernetes', () => {
  it.each([
    ['1.24.0', '1.24.0', true],
    ['1.26.8', '1.24.0', true],
    ['1.9', '1.24.0', false],
    ['1.23.12', '1.24.0', false],
    ['2.0', '1.24.0', true],
  ])('%s for %s: %s', (version, required, expected) => {
    expect(isRecentEnough(version, required)).toBe(expected);
  });

  it('is named by go.mod', () => {
    expect(requiredGo('module x\n\ngo 1.24.0\n\nrequire (\n')).toBe('1.24.0');
    expect(() => requiredGo('module x\n')).toThrow(/no Go version/);
  });
});

const node = (status: string, heartbeat: string): string =>
  JSON.stringify({ status: { conditions: [{ type: 'Ready', status, lastHeartbeatTime: heartbeat }] } });

describe('a node', () => {
  const since = Date.parse('2026-01-01T10:00:00Z');

  it('is ready only by what it has said since its kubelet started', () => {
    expect(readySince(node('True', '2026-01-01T10:00:00Z'), since)).toBe(true);
    expect(readySince(node('True', '2026-01-01T09:59:59Z'), since)).toBe(false);
    expect(readySince(node('False', '2026-01-01T10:00:05Z'), since)).toBe(false);
    expect(readySince('{}', since)).toBe(false);
  });
});

describe('the cache', () => {
  it('follows XDG_CACHE_HOME where that is an absolute path', () => {
    expect(cacheDirectory({ XDG_CACHE_HOME: '/srv/cache' })).toBe('/srv/cache/backstep');
    expect(cacheDirectory({ XDG_CACHE_HOME: 'relative' })).toMatch(/\.cache\/backstep$/);
    expect(cacheDirectory({})).toMatch(/\.cache\/backstep$/);
  });
});
