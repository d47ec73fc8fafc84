import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { codecsNamed } from '../../src/codecs/registry.ts';
import { WhepSession, type WhepSessionOptions } from '../../src/ingest/whep-session.ts';
import { Live777StandIn, type StandInOptions } from '../live777/live777-stand-in.ts';
import type { StandInStream, StandInStreamOptions } from '../live777/stand-in-stream.ts';
import { WhepPeer } from '../live777/whep-peer.ts';
import { created, listenHttp, WHEP_LOOPBACK } from './whep-endpoint.ts';
import { RecordingSink, until } from './whip-server.ts';

async function listen(t: Test, options: StandInOptions = {}): Promise<Live777StandIn> {
  const node = await Live777StandIn.listen(options);
  t.teardown(() => node.kill());
  return node;
}

async function subscribe(
  t: Test,
  {
    node: nodeOptions = {},
    stream: streamOptions = {},
    session: sessionOptions = {},
  }: {
    node?: StandInOptions;
    stream?: StandInStreamOptions;
    session?: Partial<WhepSessionOptions>;
  } = {},
): Promise<{
  node: Live777StandIn;
  stream: StandInStream;
  session: WhepSession;
  sink: RecordingSink;
}> {
  const node = await listen(t, nodeOptions);
  const stream = node.publish('cam1', streamOptions);
  const sink = new RecordingSink();
  const target = { url: `${node.url}/whep/cam1` };
  const session = await WhepSession.connect(target, { ...WHEP_LOOPBACK, ...sessionOptions }, sink);
  t.teardown(() => session.close('shutdown'));
  return { node, stream, session, sink };
}

for (const iceLite of [true, false]) {
  for (const dtlsRole of ['client', 'server'] as const) {
    const server = `${iceLite ? 'an ICE-lite' : 'a full ICE'} server that is DTLS ${dtlsRole}`;
    t.test(`receives both tracks from ${server}`, async (t) => {
      const { node, stream, session, sink } = await subscribe(t, {
        node: { peer: { iceLite, dtlsRole } },
      });
      t.same(
        session.sections.map(({ kind, mid }) => [kind, mid]),
        [
          ['video', '0'],
          ['audio', '1'],
        ],
      );
      await until(() => sink.units.video.length > 30 && sink.units.audio.length > 50);
      t.equal(sink.events[0], 'connected', 'told before any access unit');
      t.ok(sink.units.video.some(({ keyframe }) => keyframe));
      t.ok(sink.senderReports > 0);
      const [peer] = stream.peers;
      const { pictureLossIndications } = peer!;
      session.requestKeyframe();
      await until(() => peer!.pictureLossIndications > pictureLossIndications);
      t.match(session.statistics(), {
        connected: true,
        srtpProfile: 'AEAD_AES_128_GCM',
        ice: { rejectedChecks: 0, remote: /^127\.0\.0\.1 \d+$/ },
        rtp: { authenticationFailures: 0, malformed: 0, replayed: 0, unroutable: 0 },
      });
      const closing = session.close('client');
      t.match(sink.closed, [{ reason: 'client', error: undefined }], 'told at once');
      await Promise.all([closing, session.close('shutdown')]);
      t.equal(sink.closed.length, 1);
      t.equal(session.statistics().connected, false);
      t.equal(node.counts.deletes, 1);
      t.same(stream.peers, [], 'ended at the server');
    });
  }
}

t.test('a server that sends sound alone is taken', async (t) => {
  const { session, sink } = await subscribe(t, { stream: { kinds: ['audio'] } });
  t.same(
    session.sections.map(({ kind }) => kind),
    ['audio'],
  );
  await until(() => sink.units.audio.length > 10);
});

t.test('lost packets are asked for again', async (t) => {
  const { stream, session, sink } = await subscribe(t);
  await until(() => sink.units.audio.length > 0);
  const [peer] = stream.peers;
  let number = 0;
  peer!.drop = () => number++ % 20 === 7;
  const recovered = () =>
    [...session.statistics().rtp!.tracks.values()].some((track) => track.packetsRecovered > 2);
  await until(recovered);
  t.ok(recovered());
});

t.test('the best layer of a simulcast publisher is chosen', async (t) => {
  const { stream, session } = await subscribe(t, { stream: { layers: ['q', 'f', 'h'] } });
  await until(() => stream.selectedLayers.size > 0);
  t.same([...stream.selectedLayers.values()], ['f']);
  await session.selectLayer({ encodingId: 'h' });
  t.same([...stream.selectedLayers.values()], ['h']);
});

t.test('choosing a layer where there is none is refused', async (t) => {
  const { session } = await subscribe(t);
  await t.rejects(session.selectLayer({ encodingId: 'h' }), {
    name: 'WhepError',
    kind: 'not-found',
  } as unknown as Error);
});

t.test('a session that is muted from the beginning ends for want of media', async (t) => {
  const node = await listen(t);
  node.publish('cam1');
  node.mute('cam1');
  const sink = new RecordingSink();
  await WhepSession.connect(
    { url: `${node.url}/whep/cam1` },
    { ...WHEP_LOOPBACK, mediaTimeoutMs: 400 },
    sink,
  );
  await until(() => sink.closed.length > 0);
  t.same(sink.events, ['connected', 'closed']);
  t.match(sink.closed, [{ reason: 'no-media', error: undefined }]);
  await until(() => node.counts.deletes === 1);
});

t.test('a session that falls silent ends, and not before its time', async (t) => {
  const { node, sink } = await subscribe(t, { session: { mediaTimeoutMs: 600 } });
  await until(() => sink.units.audio.length > 75);
  t.same(sink.closed, [], 'lives longer than the time-out while media comes');
  node.mute('cam1');
  const mutedMs = performance.now();
  await until(() => sink.closed.length > 0);
  t.equal(sink.closed[0]!.reason, 'no-media');
  t.ok(sink.closed[0]!.atMs - mutedMs > 500);
});

t.test('a server that is killed is noticed, and ending does not wait for it', async (t) => {
  const { node, sink, session } = await subscribe(t, { session: { mediaTimeoutMs: 500 } });
  await until(() => sink.units.audio.length > 0);
  await node.kill();
  await until(() => sink.closed.length > 0);
  t.equal(sink.closed[0]!.reason, 'no-media');
  await session.close('client');
});

t.test('a server that hangs when it is told of the end holds up nothing for long', async (t) => {
  const { node, sink, session } = await subscribe(t);
  await until(() => sink.units.audio.length > 0);
  node.hang();
  await session.close('client');
  t.equal(sink.closed.length, 1);
});

t.test('a server that ends DTLS is believed when nothing follows', async (t) => {
  const { stream, sink } = await subscribe(t, { session: { mediaTimeoutMs: 60_000 } });
  await until(() => sink.units.audio.length > 0);
  const [peer] = stream.peers;
  await peer!.notifyClose();
  await peer!.vanish();
  await until(() => sink.closed.length > 0);
  t.equal(sink.closed[0]!.reason, 'server-gone');
});

t.test('the way to the server is checked more often than servers lose patience', async (t) => {
  const { stream, sink } = await subscribe(t);
  await until(() => sink.units.audio.length > 0);
  const [peer] = stream.peers;
  const checksAtMs: number[] = [performance.now()];
  for (let seen = peer!.checksReceived; checksAtMs.length < 4; seen = peer!.checksReceived) {
    await until(() => peer!.checksReceived > seen);
    checksAtMs.push(performance.now());
  }
  const gaps = checksAtMs.slice(1).map((atMs, index) => atMs - checksAtMs[index]!);
  t.ok(Math.max(...gaps) < 4000, `at most 4 s apart: ${gaps.map(Math.round).join(', ')} ms`);
});

t.test('checks that are not authentic are dropped', async (t) => {
  const { stream, session, sink } = await subscribe(t, { node: { peer: { iceLite: false } } });
  await until(() => sink.units.audio.length > 0);
  const [peer] = stream.peers;
  const port = Number(/ (\d+) typ host/.exec(peer!.remoteCandidate)![1]);
  const attacker = createSocket('udp4');
  t.teardown(() => attacker.close());
  // A binding request without MESSAGE-INTEGRITY (RFC 8489 §5).
  const request = Buffer.from('000100002112a442000102030405060708090a0b', 'hex');
  const { rejectedChecks } = session.statistics().ice;
  for (const datagram of [request, Buffer.alloc(0), Buffer.from([0]), Buffer.alloc(30, 0x16)]) {
    attacker.send(datagram, port, '127.0.0.1');
  }
  await until(() => session.statistics().ice.rejectedChecks > rejectedChecks);
  const received = sink.units.audio.length;
  await until(() => sink.units.audio.length > received + 10);
  t.same(sink.closed, []);
});

t.test('a server that cannot be reached over UDP ends the session, saying so', async (t) => {
  const endpoint = await listenHttp(t, async ({ method, body }, response) => {
    if (method === 'DELETE') return void response.writeHead(200).end();
    const peer = await WhepPeer.answer(body, { kinds: ['video', 'audio'] });
    t.teardown(() => peer.close());
    created(response, peer.answer.replaceAll(/127\.0\.0\.1 \d+ typ/g, '127.0.0.1 9 typ'));
  });
  const sink = new RecordingSink();
  await WhepSession.connect(
    { url: endpoint.url },
    { ...WHEP_LOOPBACK, connectTimeoutMs: 500 },
    sink,
  );
  await until(() => sink.closed.length > 0);
  t.same(sink.events, ['closed'], 'never connected');
  t.match(sink.closed, [
    { reason: 'failed', error: { message: /not be reached over UDP; tried 127\.0\.0\.1 port 9$/ } },
  ]);
  await until(() => endpoint.requests.some(({ method }) => method === 'DELETE'));
});

for (const dtlsRole of ['client', 'server'] as const) {
  t.test(`a DTLS ${dtlsRole} with another certificate is refused`, async (t) => {
    const endpoint = await listenHttp(t, async ({ method, body }, response) => {
      if (method === 'DELETE') return void response.writeHead(200).end();
      const peer = await WhepPeer.answer(body, { kinds: ['audio'], dtlsRole });
      t.teardown(() => peer.close());
      const other = `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`;
      created(response, peer.answer.replaceAll(/a=fingerprint:sha-256 .*/g, other));
    });
    const sink = new RecordingSink();
    await WhepSession.connect({ url: endpoint.url }, WHEP_LOOPBACK, sink);
    await until(() => sink.closed.length > 0);
    t.match(sink.closed, [{ reason: 'failed', error: { message: /a=fingerprint of the answer/ } }]);
  });
}

t.test('a fault of the sink ends its session', async (t) => {
  const node = await listen(t);
  node.publish('cam1');
  const sink = new RecordingSink();
  sink.onAccessUnit = () => {
    throw new Error('no space left');
  };
  await WhepSession.connect({ url: `${node.url}/whep/cam1` }, WHEP_LOOPBACK, sink);
  await until(() => sink.closed.length > 0);
  t.match(sink.closed, [{ reason: 'failed', error: { message: 'no space left' } }]);
  await until(() => node.counts.deletes === 1);
});

t.test('what was aborted before it began asks nobody', async (t) => {
  const node = await listen(t);
  const reason = new Error('not any more');
  await t.rejects(
    WhepSession.connect(
      { url: `${node.url}/whep/cam1` },
      WHEP_LOOPBACK,
      new RecordingSink(),
      AbortSignal.abort(reason),
    ),
    reason,
  );
  t.equal(node.counts.whepPosts, 0);
});

t.test('aborting a POST that is held ends it at once and tells the sink nothing', async (t) => {
  const node = await listen(t);
  node.publish('cam1');
  node.hold(60_000);
  const sink = new RecordingSink();
  const abort = new AbortController();
  const connecting = WhepSession.connect(
    { url: `${node.url}/whep/cam1` },
    WHEP_LOOPBACK,
    sink,
    abort.signal,
  );
  await until(() => node.counts.whepPosts === 1);
  const reason = new Error('the stream ended');
  abort.abort(reason);
  await t.rejects(connecting, reason);
  t.same(sink.events, []);
});

t.test('a session that was created all the same after an abort is deleted', async (t) => {
  const answered = Promise.withResolvers<void>();
  const endpoint = await listenHttp(t, async ({ method, body }, response) => {
    if (method === 'DELETE') return void response.writeHead(200).end();
    await answered.promise;
    const peer = await WhepPeer.answer(body, { kinds: ['audio'] });
    t.teardown(() => peer.close());
    created(response, peer.answer, '/session/late');
  });
  const abort = new AbortController();
  const connecting = WhepSession.connect(
    { url: `${endpoint.url}/whep`, token: 'secret' },
    WHEP_LOOPBACK,
    new RecordingSink(),
    abort.signal,
  );
  await until(() => endpoint.requests.length === 1);
  abort.abort();
  await t.rejects(connecting, { name: 'AbortError' });
  answered.resolve();
  await until(() => endpoint.requests.length === 2);
  t.match(endpoint.requests[1], {
    method: 'DELETE',
    path: '/session/late',
    headers: { authorization: 'Bearer secret' },
  });
});

t.test('an answer that cannot be taken leaves no session at the server', async (t) => {
  const endpoint = await listenHttp(t, ({ method }, response) => {
    if (method === 'POST') created(response, 'hello');
    else response.writeHead(200).end();
  });
  const udp = () => process.getActiveResourcesInfo().filter((name) => /udp/i.test(name)).length;
  const before = udp();
  await t.rejects(WhepSession.connect({ url: endpoint.url }, WHEP_LOOPBACK, new RecordingSink()), {
    kind: 'bad-answer',
    message: 'line 1 of the answer is not SDP: "hello"',
  } as unknown as Error);
  t.match(endpoint.requests, [{ method: 'POST' }, { method: 'DELETE', path: '/session' }]);
  await until(() => udp() <= before);
});

t.test('no port in the range is free', async (t) => {
  const taken = createSocket('udp4');
  await new Promise<void>((resolve) => taken.bind(0, '127.0.0.1', resolve));
  t.teardown(() => taken.close());
  const { port } = taken.address();
  await t.rejects(
    WhepSession.connect(
      { url: 'http://127.0.0.1:9/' },
      { ...WHEP_LOOPBACK, icePortRange: [port, port] },
      new RecordingSink(),
    ),
    { name: 'Refusal', reason: 'no-free-port', message: new RegExp(`${port} to ${port}`) } as never,
  );
});

t.test('fifty sessions leave no socket and no timer', async (t) => {
  const count = () =>
    process.getActiveResourcesInfo().filter((name) => /udp|timeout/i.test(name)).length;
  const endpoint = await listenHttp(t, (_request, response) => created(response, 'v=0'));
  const failing = () =>
    WhepSession.connect({ url: endpoint.url }, WHEP_LOOPBACK, new RecordingSink());
  await t.rejects(failing());
  const before = count();
  for (let i = 0; i < 50; i++) await t.rejects(failing());
  await until(() => count() <= before);
  t.ok(count() <= before);
});

t.test('a process that has closed its session ends by itself', async (t) => {
  const node = await listen(t);
  node.publish('cam1');
  const script = fileURLToPath(new URL('whep-once.ts', import.meta.url));
  const child = spawn(process.execPath, [script, `${node.url}/whep/cam1`], { stdio: 'inherit' });
  t.teardown(() => child.kill('SIGKILL'));
  const [code, signal] = await new Promise<unknown[]>((resolve) =>
    child.on('exit', (...status) => resolve(status)),
  );
  t.equal(code, 0);
  t.equal(signal, null);
  t.equal(node.counts.deletes, 1);
});

t.test('a server that refuses to be asked for sound is asked for the picture alone', async (t) => {
  const { session, sink, node } = await subscribe(t, {
    node: { refusal: (offer) => (/^m=audio/m.test(offer) ? 'no audio track' : undefined) },
    stream: { kinds: ['video'] },
  });
  t.same(
    session.sections.map(({ kind }) => kind),
    ['video'],
  );
  await until(() => sink.units.video.length > 10);
  t.equal(node.counts.whepPosts, 2);
});

t.test('a server that refuses to be asked for a picture is asked for sound alone', async (t) => {
  const { session, sink } = await subscribe(t, {
    node: { refusal: (offer) => (/^m=video/m.test(offer) ? 'no video track' : undefined) },
    stream: { kinds: ['audio'] },
  });
  t.same(
    session.sections.map(({ kind, mid }) => [kind, mid]),
    [['audio', '1']],
  );
  await until(() => sink.units.audio.length > 10);
});

t.test('a server that wants another codec than Opus in an offer of sound gets one', async (t) => {
  const { node } = await subscribe(t, {
    node: { refusal: (offer) => (/PCMU\/8000/.test(offer) ? undefined : 'codecs not supported') },
    stream: { kinds: ['video'] },
  });
  t.equal(node.counts.whepPosts, 1);
});

t.test('what a server says to its first offer is told where it refuses them all', async (t) => {
  let offers = 0;
  const refusal = () => `reason ${++offers}`;
  await t.rejects(subscribe(t, { node: { refusal } }), { kind: 'server', message: /: reason 1$/ });
  t.equal(offers, 3);
});

for (const audioCodecs of [['PCMA'], ['PCMA', 'opus']] as const) {
  t.test(`sound in G.711 is taken: ${audioCodecs}`, async (t) => {
    const { session, sink } = await subscribe(t, { node: { peer: { audioCodecs } } });
    await until(() => sink.units.audio.length > 10);
    t.equal(sink.units.audio[0]!.codec, 'pcma');
    t.same(session.unrecordable(), []);
  });

  t.test(`sound in G.711 is named where it is not wanted: ${audioCodecs}`, async (t) => {
    const { session, sink } = await subscribe(t, {
      node: { peer: { audioCodecs } },
      session: { codecs: codecsNamed(['h264', 'opus']) },
    });
    await until(() => session.unrecordable().length > 0 && sink.units.video.length > 0);
    t.match(session.unrecordable(), [{ kind: 'audio', encodingName: 'PCMA' }]);
    t.equal(sink.units.audio.length, 0);
  });
}
