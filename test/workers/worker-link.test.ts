import t, { type Test } from 'tap';
import type { WorkerSettings } from '../../src/streams/worker-settings.ts';
import { WorkerLink } from '../../src/workers/worker-link.ts';

const ENTRY = new URL('./mute-worker.ts', import.meta.url);
/** Of which the mute worker knows nothing. */
const SETTINGS = {} as WorkerSettings;

function start(t: Test): { link: WorkerLink; death: Promise<Error> } {
  const { promise: death, resolve } = Promise.withResolvers<Error>();
  const link = new WorkerLink(
    SETTINGS,
    {
      onFact: () => t.fail('it has nothing to tell'),
      onAskStored: async () => undefined,
      onLog: () => t.fail('it logs nothing'),
      onFarewell: () => t.fail('it has no sessions'),
      onDeath: resolve,
    },
    ENTRY,
  );
  t.teardown(async () => {
    if (link.isAlive) await link.call('stop', { stream: 'cam1' }).catch(() => {});
  });
  return { link, death };
}

t.test('a call is replied to, or fails with what the worker threw', async (t) => {
  const { link } = start(t);
  await link.ready;
  t.match(await link.call('status', { stream: 'cam1' }), { stream: 'cam1', state: 'live' });
  await t.rejects(link.call('hold', { stream: 'cam1' }), {
    name: 'Refusal',
    reason: 'no-such-stream',
    message: 'no such stream',
  });
});

t.test('a worker that dies fails the calls that are under way, and those after', async (t) => {
  const { link, death } = start(t);
  const { link: other } = start(t);
  await Promise.all([link.ready, other.ready]);
  const lost = { name: 'Refusal', reason: 'worker-lost' };
  const underWay = [link.call('streams', {}), link.call('stop', { stream: 'cam1' })];
  for (const call of underWay) await t.rejects(call, lost);
  t.match(await death, { message: /ended with code 1/ });
  t.notOk(link.isAlive);
  await t.rejects(link.call('status', { stream: 'cam1' }), lost);
  t.match(await other.call('status', { stream: 'cam1' }), { state: 'live' }, 'no other worker');
});
