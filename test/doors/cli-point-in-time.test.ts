import { describe, expect, test } from 'vitest';
import { theatre } from '../workflow/theatre.ts';
import { typist } from './typist.ts';

const stage = theatre();
const { type, handleOf, playOf } = typist(stage);

describe.concurrent('backstep point-in-time-restore', () => {
  test('--to and --target reach the workflow as they were typed', async () => {
    const service = stage.cast();
    const words = `point-in-time-restore ${service} --to 2025-11-18T03:40:00+01:00 --target 0004 --reason corrupt`;
    expect(await type(words)).toMatchObject({
      status: 0,
      out: expect.stringMatching(/^Started backstep-/) as string,
    });
    await playOf(service).gate('restore');
    expect(stage.calls(service, 'assess')[0]).toMatchObject({
      kind: 'point-in-time-restore',
      request: {
        service,
        to: '2025-11-18T03:40:00+01:00',
        target: '0004',
        reason: 'corrupt',
        requestedBy: 'ada',
      },
    });
    // Law 6: one operation at a time, whatever its kind.
    expect((await type(`point-in-time-restore ${service}`)).status).toBe(3);
    expect(await type(`rollback ${service}`)).toMatchObject({
      status: 3,
      err: expect.stringContaining('is open and no rollback but "pointInTimeRestore"') as string,
    });
    await handleOf(service).terminate();
  });

  test('a time without its zone is refused before anything is started, status 2', async () => {
    const service = stage.cast();
    const refused = await type(`point-in-time-restore ${service} --to 2025-11-18T03:40:00`);
    expect(refused).toMatchObject({
      status: 2,
      err: expect.stringContaining('must be a time with its zone') as string,
    });
    await expect(handleOf(service).describe()).rejects.toThrow();
  });

  test('ends with status 0 once the application runs on the new instance; -1 again would go further', async () => {
    const service = stage.cast();
    await type(`point-in-time-restore ${service}`);
    const play = playOf(service);
    await play.approve('restore', 'ann');
    await play.approve('restore', 'bob');
    await play.result();
    expect((await type(`status ${service}`)).status).toBe(0);
    expect(await type(`point-in-time-restore ${service}`)).toMatchObject({
      status: 3,
      out: expect.stringContaining('would move further') as string,
    });
  });
});
