import t from 'tap';
import { WhepSession } from '../../src/ingest/whep-session.ts';
import { live777Binary, RealNode } from '../live777/real-node.ts';
import type { StreamJson } from '../live777/stream-json.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { WHEP_LOOPBACK } from './whep-endpoint.ts';
import { RecordingSink, until } from './whip-server.ts';

const binary = live777Binary();
const skip = binary === undefined && 'opt in with LIVE777_BIN=/path/to/live777';

t.test('subscribes at a real Live777 node', { skip }, async (t) => {
  const node = await RealNode.start(binary!);
  t.teardown(() => node.remove());
  const list = async (): Promise<StreamJson[]> =>
    (await fetch(`${node.url}/api/streams/`)).json() as Promise<StreamJson[]>;
  const publisher = await WhipPublisher.connect({
    whipUrl: `${node.url}/whip/cam1`,
    keyframeOnRequest: 'at once',
  });
  t.teardown(() => publisher.vanish());
  publisher.start();
  let streams: StreamJson[] = [];
  while (streams[0]?.codecs.length !== 2) streams = await list();
  t.match(streams, [
    { id: 'cam1', publish: { leaveAt: 0, sessions: [{ state: 'connected', leaveAt: 0 }] } },
  ]);

  const sink = new RecordingSink();
  const session = await WhepSession.connect({ url: `${node.url}/whep/cam1` }, WHEP_LOOPBACK, sink);
  t.teardown(() => session.close('shutdown'));
  await until(() => sink.units.video.length > 30 && sink.units.audio.length > 50);
  t.equal(sink.events[0], 'connected');
  t.ok(sink.units.video.some(({ keyframe }) => keyframe));
  await until(() => sink.senderReports > 1);
  t.match(session.statistics(), {
    rtp: { authenticationFailures: 0, replayed: 0, malformed: 0, unroutable: 0 },
  });

  const [{ subscribe }] = (await list()) as [StreamJson];
  t.match(subscribe, { leaveAt: 0, sessions: [{ state: 'connected' }] });
  await session.close('client');
  const [{ subscribe: after }] = (await list()) as [StreamJson];
  t.match(after.sessions, [{ state: 'closed' }], 'lingers as closed');
  t.ok(after.leaveAt > 0);
});

t.test('a real Live777 node keeps us for connected', { skip }, async (t) => {
  const node = await RealNode.start(binary!);
  t.teardown(() => node.remove());
  const publisher = await WhipPublisher.connect({ whipUrl: `${node.url}/whip/cam1` });
  t.teardown(() => publisher.vanish());
  publisher.start();
  const sink = new RecordingSink();
  const session = await WhepSession.connect({ url: `${node.url}/whep/cam1` }, WHEP_LOOPBACK, sink);
  t.teardown(() => session.close('shutdown'));
  await until(() => sink.units.audio.length > 0);
  const states = new Set<string>();
  while (sink.units.audio.length < 600) {
    const reply = await fetch(`${node.url}/api/streams/`);
    const [stream] = (await reply.json()) as StreamJson[];
    states.add(`publisher ${stream!.publish.sessions[0]!.state}`);
    states.add(`subscriber ${stream!.subscribe.sessions[0]!.state}`);
    const received = sink.units.audio.length;
    await until(() => sink.units.audio.length > received + 10);
  }
  t.same([...states].sort(), ['publisher connected', 'subscriber connected']);
});

t.test('a real Live777 node that is killed is noticed', { skip }, async (t) => {
  const node = await RealNode.start(binary!);
  t.teardown(() => node.remove());
  const publisher = await WhipPublisher.connect({ whipUrl: `${node.url}/whip/cam1` });
  t.teardown(() => publisher.vanish());
  publisher.start();
  const sink = new RecordingSink();
  const target = { url: `${node.url}/whep/cam1` };
  const session = await WhepSession.connect(
    target,
    { ...WHEP_LOOPBACK, mediaTimeoutMs: 1000 },
    sink,
  );
  t.teardown(() => session.close('shutdown'));
  await until(() => sink.units.audio.length > 0);
  await node.kill();
  await until(() => sink.closed.length > 0);
  t.equal(sink.closed[0]!.reason, 'no-media');
});
