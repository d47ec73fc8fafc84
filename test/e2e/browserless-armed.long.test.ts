import t from 'tap';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { getJson, recordStatus } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

interface Armed {
  stream: string;
  armed_at: number;
  waiting: boolean;
}

t.test('armed streams have a bound, are listed, and can be let go of together', async (t) => {
  const { url } = await startRecorder(t, { autoStreams: [], recorder: { max_armed_streams: 3 } });
  const arm = (stream: string) => fetch(`${url}/api/record/${stream}`, { method: 'POST' });
  const armed = () => getJson<Armed[]>(`${url}/api/recorder/armed`);
  const before = Date.now();
  t.strictSame(await armed(), []);
  const publisher = await WhipPublisher.connect({ whipUrl: `${url}/whip/live` });
  t.teardown(() => publisher.stop().catch(() => undefined));
  publisher.start();
  await until('it is live', async () => (await recordStatus(url, 'live')).state === 'live');
  for (const stream of ['a', 'b', 'c', 'a']) t.equal((await arm(stream)).status, 200, stream);
  const refused = await arm('d');
  t.equal(refused.status, 429);
  t.match(((await refused.json()) as { message: string }).message, /^3 streams wait/);
  t.equal((await recordStatus(url, 'd')).state, 'idle');
  t.equal((await arm('live')).status, 200, 'what is live waits for nothing');
  await until('it is recorded', async () => (await recordStatus(url, 'live')).recording);
  const list = await armed();
  t.strictSame(
    list.map(({ stream, waiting }) => [stream, waiting]),
    [
      ['a', true],
      ['b', true],
      ['c', true],
      ['live', false],
    ],
  );
  for (const { armed_at } of list) t.ok(armed_at >= before && armed_at <= Date.now());

  const disarm = (query = '') =>
    getJson<{ disarmed: number }>(`${url}/api/recorder/armed${query}`, { method: 'DELETE' });
  t.strictSame(await disarm(`?before=${before}`), { disarmed: 0 });
  t.strictSame(await disarm(), { disarmed: 3 });
  t.equal((await recordStatus(url, 'a')).state, 'idle');
  t.ok((await recordStatus(url, 'live')).recording, 'what is recorded goes on');
  t.strictSame(
    (await armed()).map(({ stream }) => stream),
    ['live'],
  );
  t.equal((await arm('d')).status, 200, 'there is room again');
  t.equal((await fetch(`${url}/api/record/d`, { method: 'DELETE' })).status, 200);
  t.equal((await armed()).length, 1);
});
