import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../src/kubernetes/cluster.ts';
import { LogFollower } from '../../src/kubernetes/pod-log.ts';

function follower() {
  const lines: string[] = [];
  const source = { namespace: 'radar', pod: 'job-1', container: 'job' };
  return { lines, log: new LogFollower({} as Cluster, source, (line) => lines.push(line)) };
}

const at = (second: number, text: string, fraction = '000000000') =>
  `2026-11-23T07:00:0${second}.${fraction}Z ${text}\n`;

describe('following a log by windows that overlap', () => {
  it('gives each line once', () => {
    const { lines, log } = follower();
    log.take(at(1, 'one') + at(2, 'two'), false);
    log.take(at(1, 'one') + at(2, 'two') + at(3, 'three'), false);
    log.take(at(3, 'three'), false);
    expect(lines).toEqual(['one', 'two', 'three']);
  });

  it('tells equal lines of one instant apart', () => {
    const { lines, log } = follower();
    log.take(at(1, 'same') + at(1, 'same'), false);
    log.take(at(1, 'same') + at(1, 'same') + at(1, 'same'), false);
    expect(lines).toEqual(['same', 'same', 'same']);
  });

  it('keeps a line that is still being written for later', () => {
    const { lines, log } = follower();
    log.take(`${at(1, 'one')}2026-11-23T07:00:02.000000000Z ha`, false);
    expect(lines).toEqual(['one']);
    log.take(at(1, 'one') + at(2, 'half'), false);
    expect(lines).toEqual(['one', 'half']);
  });

  it('takes a last line without a break once the container has ended', () => {
    const { lines, log } = follower();
    log.take(at(1, 'one').trimEnd(), true);
    expect(lines).toEqual(['one']);
  });

  it('orders times whose fraction is shortened', () => {
    const { lines, log } = follower();
    log.take(at(1, 'later', '5'), false);
    log.take(at(1, 'earlier', '123456789') + at(1, 'later', '5') + at(1, 'last', '51'), false);
    expect(lines).toEqual(['later', 'last']);
  });

  it('keeps empty lines', () => {
    const { lines, log } = follower();
    log.take(at(1, '') + at(2, 'two'), false);
    expect(lines).toEqual(['', 'two']);
  });
});
