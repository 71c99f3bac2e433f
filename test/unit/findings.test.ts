import { describe, expect, it } from 'vitest';
import { Failure, fault } from '../../src/domain/failures.ts';
import {
  found,
  lacking,
  looking,
  nothingToDo,
  probeAll,
  probeOf,
  type Findings,
} from '../../src/probes/findings.ts';

interface Facts {
  first: number;
  second: number;
  third: string;
}
const probe = probeOf<Facts, { by: number }>();
const late = () => new Promise((resolve) => setTimeout(resolve, 20));
const [one, two] = [fault('SecretMissing', 'one'), fault('DatabaseInvalid', 'two')];

const probes = (second: () => Findings<number> = () => found(2, { faults: [two], notes: ['second'] })) => ({
  first: probe([], async ({ by }) => {
    await late();
    return found(by, { faults: [one], notes: ['first'] });
  }),
  second: probe([], second),
  third: probe(['first', 'second'], (_, known) => found(`${known.first}${known.second}`)),
});

describe('probes', () => {
  it('are told in their order, whichever ends first, and get what they need', async () => {
    expect(await probeAll({ by: 1 }, probes())).toEqual({
      facts: { first: 1, second: 2, third: '12' },
      faults: [one, two],
      notes: ['first', 'second'],
    });
  });

  it('are left out where what they need could not be found, and every fault is named once', async () => {
    expect(
      await probeAll(
        { by: 1 },
        probes(() => lacking([two, one])),
      ),
    ).toEqual({
      facts: undefined,
      faults: [one, two],
      notes: ['first'],
    });
  });

  it('stand after what they need', async () => {
    const { first, third, second } = probes();
    await expect(probeAll({ by: 1 }, { first, third, second })).rejects.toThrow(
      'probe third stands before second',
    );
  });

  it('say that there is nothing to do', async () => {
    const nothing = { reason: 'It is there.', revision: '0004' };
    const told = await probeAll(
      { by: 1 },
      probes(() => nothingToDo(nothing)),
    );
    expect(told).toMatchObject({ facts: undefined, nothing });
  });

  it('all end before an error of one is thrown: each removes what it made', async () => {
    let ended = false;
    const failing = {
      ...probes(() => {
        throw new TypeError('broken');
      }),
      first: probe([], async () => {
        await late();
        ended = true;
        return found(1);
      }),
    };
    await expect(probeAll({ by: 1 }, failing)).rejects.toThrow('broken');
    expect(ended).toBe(true);
  });
});

describe('a look that fails', () => {
  it('is a fault that says where', async () => {
    const missing = new Failure('SecretMissing', 'no key');
    expect(await looking(() => Promise.reject(missing), 'Secret radar/app')).toMatchObject({
      faults: [{ type: 'SecretMissing', message: 'Secret radar/app: no key' }],
    });
  });

  it('is tried again where it may mend by itself, and then says to start again', async () => {
    let tries = 0;
    const look = () => Promise.reject(new Failure('DatabaseUnreachable', `try ${++tries}`));
    const { facts, faults } = await looking(look);
    expect(facts).toBeUndefined();
    expect(faults).toMatchObject([
      { message: 'try 3', next: expect.stringContaining('start again; nothing was touched') as string },
    ]);
  });

  it('is thrown where it is no failure but an error of Backstep', async () => {
    await expect(looking(() => Promise.reject(new TypeError('broken')))).rejects.toThrow('broken');
  });
});
