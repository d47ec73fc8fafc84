import { pino } from 'pino';
import t from 'tap';
import { buildApp } from '../../src/app.ts';
import { Sources } from '../../src/sources/sources.ts';
import { testApp } from '../http/test-app.ts';
import { answers, NodeStandIn, stream, until } from '../sources/node-stand-in.ts';

t.test('without sources', async (t) => {
  const { app } = await testApp(t);
  t.strictSame((await app.inject('/api/sources')).json(), { sources: [], streams: [] });
});

t.test('nodes and their streams, and no token', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1'), stream('cam2')]);
  node.token = 'secret-token';
  const broken = await NodeStandIn.start(t);
  broken.onEvents = answers.status(500);
  const sources = new Sources({
    sources: [
      { url: node.url, token: 'secret-token' },
      { url: broken.url, token: 'secret-token' },
      { whep: `${broken.url}/door/whep?key=secret-key`, stream: 'door', token: 'secret-token' },
    ],
    autoStreams: [],
    resumeGraceMs: 30_000,
    log: pino({ level: 'silent' }),
    events: { onPull: () => {}, onRelease: () => {} },
  });
  sources.start();
  t.teardown(() => sources.close());
  const { app: bare, config, recorder, segmentIndex, recordCatalogue, events } = await testApp(t);
  const app = await buildApp({
    config,
    recorder,
    segmentIndex,
    recordCatalogue,
    retention: bare.retention,
    store: bare.store,
    events,
    sources,
    log: pino({ level: 'silent' }),
  });
  t.teardown(() => app.close());
  await until(() => sources.state().every(({ connection }) => connection !== 'connecting'));
  const reply = await app.inject('/api/sources');
  t.equal(reply.statusCode, 200);
  t.notMatch(reply.body, 'secret');
  const { sources: nodes, streams } = reply.json();
  t.match(nodes, [
    { url: node.url, state: 'sse', since: Number, live_streams: 2 },
    { url: broken.url, state: 'unreachable', live_streams: 0, error: 'answers 500' },
    { url: `${broken.url}/door/whep`, stream: 'door', state: 'idle', live_streams: 0 },
  ]);
  t.ok(Number.isInteger(nodes[0].since));
  t.notOk('error' in nodes[0]);
  t.strictSame(streams, [
    { stream: 'cam1', nodes: [node.url], codecs: ['H264'] },
    { stream: 'cam2', nodes: [node.url], codecs: ['H264'] },
    { stream: 'door', nodes: [`${broken.url}/door/whep`], codecs: [] },
  ]);
});
