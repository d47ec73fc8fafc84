import t from 'tap';
import { sourceStates } from '../../src/http/source-states.ts';
import type { PullStatus, StreamStatus } from '../../src/recorder.ts';

const NODE = 'http://node:7777';
const DOOR = 'http://server/door/whep';

function pulled(stream: string, pull: Partial<PullStatus>): StreamStatus {
  const whole = { connected: false, sinceMs: 1000, failures: [], ...pull };
  return { stream, state: 'connecting', tracks: [], pull: whole };
}

const ENDPOINT = { stream: 'door', url: DOOR };
const FAILURE = {
  node: DOOR,
  message: 'POST http://server: no reply in time',
  isUnauthorized: false,
  sinceMs: 2000,
};

t.test('an endpoint in each of its states', async (t) => {
  const cases: [StreamStatus[], string, number, string | undefined][] = [
    [[], 'idle', 0, undefined],
    [[pulled('door', { node: DOOR })], 'connecting', 0, undefined],
    [[pulled('door', { node: DOOR, connected: true })], 'connected', 1, undefined],
    [[pulled('door', { failures: [FAILURE] })], 'unreachable', 0, FAILURE.message],
    // One that hangs is tried again, and what was wrong before stays to be seen.
    [[pulled('door', { node: DOOR, failures: [FAILURE] })], 'unreachable', 0, FAILURE.message],
    [
      [pulled('door', { failures: [{ ...FAILURE, isUnauthorized: true }] })],
      'unauthorized',
      0,
      FAILURE.message,
    ],
    [[pulled('door', { node: 'http://other', connected: true })], 'idle', 0, undefined],
  ];
  for (const [statuses, state, live, error] of cases) {
    const [source] = sourceStates([], [ENDPOINT], statuses);
    t.match(source, { url: DOOR, stream: 'door', state, live_streams: live });
    t.equal(source!.error, error, state);
    t.ok(Number.isInteger(source!.since));
  }
});

t.test('a node that lists its streams and hangs when one is asked for', async (t) => {
  const node = { url: NODE, connection: 'sse', sinceMs: 1500.5, liveStreams: 2 } as const;
  t.strictSame(sourceStates([node], [], [pulled('cam1', { failures: [FAILURE] })]), [
    { url: NODE, state: 'sse', since: 1500, live_streams: 2 },
  ]);
  const hanging = pulled('cam1', { failures: [{ ...FAILURE, node: NODE }] });
  t.strictSame(sourceStates([node], [], [hanging]), [
    {
      url: NODE,
      state: 'sse',
      since: 1500,
      live_streams: 2,
      error: 'stream "cam1": POST http://server: no reply in time',
    },
  ]);
  const [unreachable] = sourceStates([{ ...node, error: 'ECONNREFUSED' }], [], [hanging]);
  t.equal(unreachable!.error, 'ECONNREFUSED', 'what the node itself is about comes first');
});
