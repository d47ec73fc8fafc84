import t from 'tap';
import { StorageEvents } from '../../src/events/storage-events.ts';
import type { SpoolState } from '../../src/storage/spool/spool-options.ts';
import { ManualClock } from '../sources/manual-clock.ts';

t.test('a bucket that does not take files, gets worse, and is lastingly well again', async (t) => {
  const clock = new ManualClock();
  const told: unknown[] = [];
  let state: SpoolState['state'] | undefined;
  const events = new StorageEvents(
    's3://bucket',
    () =>
      state && {
        state,
        waitingFiles: 2,
        waitingBytes: 300,
        parkedFiles: 0,
        bytesPerSecond: 0,
        uploadedFiles: 0,
        failures: 1,
        droppedFiles: 0,
        lastError: { at: 1, code: 'ECONNREFUSED', message: 'with a secret' },
      },
    (type, data) => void told.push([type, data]),
    clock,
  );
  events.start();
  const over = (next: SpoolState['state'], ms: number) => {
    told.length = 0;
    state = next;
    for (let at = 0; at < ms; at += 1000) clock.advance(1000);
    return [...told];
  };
  const waiting = { name: 's3://bucket', waiting_files: 2, waiting_bytes: 300 };
  const degraded = (to: string) => [
    ['storage.degraded', { ...waiting, state: to, error: 'ECONNREFUSED' }],
  ];
  t.strictSame(over('ok', 10_000), []);
  t.strictSame(over('delayed', 10_000), degraded('delayed'));
  t.strictSame(over('ok', 20_000), [], 'not for long enough');
  t.strictSame(over('delayed', 5_000), [], 'told before');
  t.strictSame(over('ok', 25_000), [], 'counted anew');
  t.strictSame(over('full', 5_000), degraded('full'));
  t.strictSame(over('delayed', 60_000), [], 'better, and not well');
  t.strictSame(over('full', 5_000), degraded('full'), 'worse again');
  t.strictSame(over('ok', 40_000), [['storage.recovered', waiting]]);
  events.stop();
  t.strictSame(over('full', 60_000), [], 'nobody looks');
});
