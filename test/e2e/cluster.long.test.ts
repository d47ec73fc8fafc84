import t, { type Test } from 'tap';
import { Live777StandIn } from '../live777/live777-stand-in.ts';
import { probeSegments } from '../media/probe.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { mediaHashes, readDayFolder } from '../server/day-folder.ts';
import { getJson, recordStatus, segmentPage } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

interface Sessions {
  sessions: { id: string; stream: string; status: string; start_ts: number; end_ts?: number }[];
}

/** A recorder that follows nodes, and nodes to follow. */
async function cluster(t: Test, nodes: Live777StandIn[], recorder = ''): Promise<string> {
  for (const node of nodes) t.teardown(() => node.kill());
  const sources = nodes.map(
    ({ url }) => `[[recorder.sources]]\nurl = "${url}"\ntoken = "secret"\n`,
  );
  return `[recorder]
auto_streams = ["cam*"]
segment_seconds = 2
${recorder}
[recorder.storage]
type = "fs"
root = "{root}"
${sources.join('')}`;
}
/** Periods of a stream's manifest; 0 while there is none. */
async function periodsOf(root: string, stream: string): Promise<number> {
  const folder = await readDayFolder(root, stream).catch(() => undefined);
  return folder?.periods.length ?? 0;
}

t.test('a node: what matches is recorded from its start to its end', async (t) => {
  if (!requireFfmpeg(t)) return;
  const node = await Live777StandIn.listen({ tokens: ['secret'] });
  const configToml = await cluster(t, [node]);
  node.publish('cam1');
  const { url, root } = await startRecorder(t, { configToml });
  node.publish('cam2');
  node.publish('other');
  const segments = async (stream: string) => (await segmentPage(url, { stream })).segments;
  await until('two segments of each', async () => {
    const counts = await Promise.all(['cam1', 'cam2'].map(async (s) => (await segments(s)).length));
    return counts.every((count) => count >= 4);
  });
  t.same((await segments('other')).length, 0, 'what does not match is left alone');
  const streams = await getJson<{ stream: string; state: string }[]>(`${url}/api/recorder/streams`);
  t.same(
    streams.map(({ stream, state }) => `${stream} ${state}`),
    ['cam1 recording', 'cam2 recording'],
  );

  node.endStream('cam2');
  const sessions = () => getJson<Sessions>(`${url}/api/recordings`).then((page) => page.sessions);
  await until('the record of cam2 is completed', async () =>
    (await sessions()).some((s) => s.stream === 'cam2' && s.status === 'Completed'),
  );

  await until('a manifest', async () => (await periodsOf(root, 'cam1')) > 0);
  const before = await readDayFolder(root, 'cam1');
  const hashes = await mediaHashes(before.path);
  await node.kill();
  await until('the loss is noticed', async () => {
    return (await recordStatus(url, 'cam1')).state === 'interrupted';
  });
  await node.restart();
  node.publish('cam1');
  const periods = before.periods.length;
  const after = await until('it goes on after the restart', async () => {
    const folder = await readDayFolder(root, 'cam1');
    return folder.periods.length > periods && folder;
  });
  const now = await mediaHashes(after.path);
  for (const [name, hash] of hashes) t.equal(now.get(name), hash, `${name} is untouched`);
  const records = (await sessions()).filter(({ stream }) => stream === 'cam1');
  t.equal(new Set(records.map(({ id }) => id)).size, 1, 'still the same record');
  t.equal(node.counts.strayWhepPosts, 0, 'no stream was made up at the node');

  const stopped = await fetch(`${url}/api/record/cam1`, { method: 'DELETE' });
  t.equal(stopped.status, 200);
  const folder = await readDayFolder(root, 'cam1');
  t.equal(folder.mpd.type, 'static');
  for (const { video, audio } of folder.periods) {
    for (const track of [video, audio]) {
      const media = await probeSegments([track!.init, ...track!.segments]);
      t.same(media.errors, []);
    }
  }
  t.equal((await recordStatus(url, 'cam1')).recording, false, 'and it is not taken up again');
});

t.test('several nodes: once, and from another where one goes away', async (t) => {
  const nodes = [
    await Live777StandIn.listen({ tokens: ['secret'] }),
    await Live777StandIn.listen({ tokens: ['secret'] }),
  ] as const;
  for (const node of nodes) node.publish('cam1');
  const { url, root } = await startRecorder(t, { configToml: await cluster(t, [...nodes]) });
  const source = async () => {
    const status = await getJson<{ source?: string; state: string }>(`${url}/api/record/cam1`);
    return status.state === 'recording' ? status.source : undefined;
  };
  const first = await until('it is recorded', source);
  t.equal(nodes[0].counts.whepPosts + nodes[1].counts.whepPosts, 1, 'from one node');
  const [used, other] = first === nodes[0].url ? nodes : [nodes[1], nodes[0]];
  await until('a segment', async () => (await segmentPage(url, {})).segments.length > 1);
  await used.kill();
  t.equal(await until('it fails over', async () => (await source()) === other.url), true);
  await until('it goes on', async () => (await periodsOf(root, 'cam1')) > 1);
});

t.test('an on-demand stream that takes its time blocks nothing', async (t) => {
  const slow = await Live777StandIn.listen({ tokens: ['secret'] });
  const quick = await Live777StandIn.listen({ tokens: ['secret'] });
  slow.hold(30_000);
  slow.publish('cam1');
  const { url } = await startRecorder(t, { configToml: await cluster(t, [slow, quick]) });
  await until('the slow node is asked', () => slow.counts.whepPosts > 0);
  quick.publish('cam2');
  await until('the other stream is recorded', async () => {
    return (await recordStatus(url, 'cam2')).state === 'recording';
  });
  t.equal((await recordStatus(url, 'cam1')).state, 'connecting');
  for (const path of ['/api/streams/', '/api/recordings', '/api/sources', '/api/playback']) {
    t.equal((await fetch(url + path)).status, 200, path);
  }
  t.equal(slow.counts.whepPosts, 1, 'and it is still being waited for');
});

t.test('a stream is recorded on request, and a muted one is subscribed anew', async (t) => {
  const node = await Live777StandIn.listen({ tokens: ['secret'] });
  node.publish('hall');
  const { url } = await startRecorder(t, { configToml: await cluster(t, [node]) });
  await until('the node is known', async () => {
    const { streams } = await getJson<{ streams: { stream: string }[] }>(`${url}/api/sources`);
    return streams.length > 0;
  });
  t.equal(node.counts.whepPosts, 0, 'it matches no pattern');
  t.equal((await fetch(`${url}/api/record/hall`, { method: 'POST' })).status, 200);
  await until('it is recorded', async () => {
    return (await recordStatus(url, 'hall')).state === 'recording';
  });
  node.mute('hall');
  await until('another subscription is tried', () => node.counts.whepPosts > 1);
  node.mute('hall', false);
  const { length } = (await segmentPage(url, { stream: 'hall' })).segments;
  await until('it goes on', async () => {
    return (await segmentPage(url, { stream: 'hall' })).segments.length > length + 2;
  });
});

t.test('a single stream of any WHEP server', async (t) => {
  const server = await Live777StandIn.listen();
  t.teardown(() => server.kill());
  server.publish('cam1');
  const { url } = await startRecorder(t, {
    configToml: `[recorder]
auto_streams = []
segment_seconds = 2
[[recorder.sources]]
whep = "${server.url}/whep/cam1"
stream = "hall"
[recorder.storage]
type = "fs"
root = "{root}"
`,
  });
  await until('it is recorded under its own name', async () => {
    return (await segmentPage(url, { stream: 'hall' })).segments.length > 1;
  });
  t.equal(server.counts.listRequests + server.counts.sseRequests, 0, 'nothing else is asked for');
});
