import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { parseConfig } from '../../src/config/load-config.ts';
import { RecordCatalogue } from '../../src/record-catalogue/record-catalogue.ts';
import { SegmentIndex } from '../../src/segment-index/segment-index.ts';
import { createRecorder } from '../../src/workers/create-recorder.ts';
import { RtcClient } from '../ingest/rtc-client.ts';
import { Live777StandIn } from '../live777/live777-stand-in.ts';
import { readMpd } from '../media/read-mpd.ts';
import { freeUdpPorts } from '../server/free-udp-ports.ts';
import { until } from '../server/until.ts';

/** There is no other way to get hold of the threads in order to kill one. */
function catchThreads(t: Test): Set<Worker> {
  const threads = new Set<Worker>();
  const { postMessage } = Worker.prototype;
  t.teardown(() => Object.assign(Worker.prototype, { postMessage }));
  Object.assign(Worker.prototype, {
    postMessage(this: Worker, ...message: Parameters<typeof postMessage>) {
      threads.add(this);
      return postMessage.apply(this, message);
    },
  });
  return threads;
}

t.test('a worker that dies takes nothing with it but the moment', async (t) => {
  const threads = catchThreads(t);
  const node = await Live777StandIn.listen();
  t.teardown(() => node.kill());
  node.publish('cam1');
  const root = t.testdir({});
  // A stream that is pulled has sockets of its own beside this port.
  const config = parseConfig(
    `[webrtc]
ice_udp_addrs = ["127.0.0.1"]
ice_udp_port = ${await freeUdpPorts()}
[recorder]
auto_streams = ["*"]
segment_seconds = 1
workers = 1
[[recorder.sources]]
url = "${node.url}"
[recorder.storage]
type = "fs"
root = ${JSON.stringify(root)}`,
    'live777.toml',
  );
  const log = pino({ level: 'silent' });
  const journalPath = path.join(root, 'segments.jsonl');
  const index = await SegmentIndex.open({ journalPath, nodeAlias: 'node', log });
  t.teardown(() => index.close());
  const records = path.join(root, 'records.jsonl');
  const catalogue = await RecordCatalogue.open({ journalPath: records, log });
  t.teardown(() => catalogue.close());
  const { recorder } = await createRecorder(config, index, catalogue, log);
  t.teardown(() => recorder.close());

  await until('some segments', () => (index.folders('cam1')[0]?.segments ?? 0) >= 4);
  const before = index.folders('cam1')[0]!.segments;
  await recorder.start('armed', 'kept');
  const [thread] = threads;
  await thread!.terminate();
  t.match(await recorder.status('cam1'), {
    state: /^(?:interrupted|connecting)$/,
    error: /worker thread that recorded the stream died/,
  });
  const [record] = await until('its record is ended', () => {
    const { sessions } = catalogue.sessions({ limit: 10 });
    return sessions.some(({ status }) => status === 'Failed') && sessions;
  });
  t.ok(record!.endUs! > record!.startUs, 'with the end of what was saved');
  const folder = path.join(root, index.folders('cam1')[0]!.folder);
  await until('it is recorded again, by another', async () => {
    return (await recorder.status('cam1')).state === 'recording';
  });
  await until('more segments', () => index.folders('cam1')[0]!.segments > before + 4);
  await until('what was armed is so again', async () => {
    const { state, recordDir } = await recorder.status('armed');
    return state === 'waiting' && recordDir?.startsWith('kept/armed/');
  });
  t.match(await recorder.armed(), [{ stream: 'armed', isWaiting: true }]);
  await recorder.close();

  const files = await readdir(folder);
  t.same(
    files.filter((file) => file.endsWith('.part')),
    [],
    'nothing is left open',
  );
  const mpd = readMpd(await readFile(path.join(folder, 'manifest.mpd'), 'utf8'));
  t.equal(mpd.type, 'static');
  t.equal(mpd.periods.length, 2);
  const listed = mpd.periods.flatMap(({ adaptationSets }) =>
    adaptationSets.flatMap(({ segments }) => segments.map(({ file }) => file)),
  );
  t.same(listed.toSorted(), files.filter((file) => /seg_\d+\.m4s$/.test(file)).sort());
});

// With one port there is no other to come back to: it must be free again when they do.
for (const [name, webrtc, streams] of [
  ['sockets of their own', (port: number) => `ice_udp_addrs = ["127.0.0.1:${port}"]`, ['cam1']],
  [
    'one port for all',
    (port: number) => `ice_udp_addrs = ["127.0.0.1"]\nice_udp_port = ${port}`,
    ['cam1', 'cam2'],
  ],
] as const) {
  t.test(`publishers are told of their worker's death and come again: ${name}`, async (t) => {
    const threads = catchThreads(t);
    const root = t.testdir({});
    const config = parseConfig(
      `[webrtc]
${webrtc(await freeUdpPorts())}
[recorder]
auto_streams = ["*"]
workers = 1
[recorder.storage]
type = "fs"
root = ${JSON.stringify(root)}`,
      'live777.toml',
    );
    const lines: { msg: string; sessions?: number; told?: number }[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(JSON.parse(line)) });
    const journalPath = path.join(root, 'segments.jsonl');
    const index = await SegmentIndex.open({ journalPath, nodeAlias: 'node', log });
    t.teardown(() => index.close());
    const records = path.join(root, 'records.jsonl');
    const catalogue = await RecordCatalogue.open({ journalPath: records, log });
    t.teardown(() => catalogue.close());
    const { recorder } = await createRecorder(config, index, catalogue, log);
    t.teardown(() => recorder.close());
    const publish = async (stream: string) => {
      const client = new RtcClient();
      t.teardown(() => client.close());
      const { answer } = await recorder.publish(stream, await client.offer());
      await client.answer(answer);
      await client.connected();
      client.start();
      await until('it is recorded', async () => {
        return (await recorder.status(stream)).recordId !== undefined;
      });
      return client;
    };

    const first = await Promise.all(streams.map(publish));
    const [thread] = threads;
    await thread!.terminate();
    for (const client of first) {
      await until('the publisher is told', () => client.dtls.state === 'closed');
      await client.close();
    }
    const count = streams.length;
    t.match(
      lines.find(({ told }) => told !== undefined),
      { sessions: count, told: count, msg: /^closed the sessions of a worker/ },
    );
    const second = await Promise.all(streams.map(publish));
    for (const stream of streams) {
      t.match(await recorder.status(stream), { error: undefined, tracks: [{ kind: 'audio' }] });
    }
    await recorder.close();
    for (const client of second) {
      await until('an end in order is told too', () => client.dtls.state === 'closed');
    }
  });
}
