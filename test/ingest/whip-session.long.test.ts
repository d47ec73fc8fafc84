import { createSocket } from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t, { type Test } from 'tap';
import type { Farewell } from '../../src/ingest/farewell.ts';
import { WhipSession } from '../../src/ingest/whip-session.ts';
import type { RefusalReason } from '../../src/refusal.ts';
import { windowsInUse } from '../../src/rtp/keystream-windows.ts';
import { WhipPublisher, type WhipPublisherOptions } from '../publisher/whip-publisher.ts';
import { connectClient } from './connected-client.ts';
import { AUDIO, offerOf, VIDEO, without } from './offers.ts';
import { credentialLines, RtcClient } from './rtc-client.ts';
import { StunClient } from './stun-client.ts';
import { LOOPBACK, listenWhip, RecordingSink, until, type WhipServer } from './whip-server.ts';

async function publish(
  t: Test,
  server: WhipServer,
  options: Partial<WhipPublisherOptions> = {},
): Promise<{ publisher: WhipPublisher; session: WhipSession; sink: RecordingSink }> {
  const index = server.sessions.length;
  const publisher = await WhipPublisher.connect({ whipUrl: server.whipUrl, ...options });
  t.teardown(() => publisher.vanish());
  const session = server.sessions[index]!;
  const sink = server.sinks[index]!;
  await until(() => sink.events.includes('connected'));
  return { publisher, session, sink };
}

/** The UDP port that an answer announces. */
function portOf(session: WhipSession): number {
  return Number(/127\.0\.0\.1 (\d+) typ/.exec(session.answer)![1]);
}

/** Pattern of a Refusal, for `t.rejects`. */
function refusal(reason: RefusalReason, message = /./): Error {
  return { name: 'Refusal', reason, message } as unknown as Error;
}

for (const srtpProfile of ['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_128_GCM'] as const) {
  t.test(`receives both tracks with ${srtpProfile}, and answers with feedback`, async (t) => {
    const server = await listenWhip(t);
    const windows = windowsInUse();
    const { publisher, session, sink } = await publish(t, server, { srtpProfile });
    t.equal(session.statistics().srtpProfile, srtpProfile);
    t.same(sink.events, ['connected'], 'told before any access unit');
    publisher.start();
    await until(() => sink.units.video.length > 30 && sink.units.audio.length > 50);
    t.ok(sink.units.video[0]!.keyframe, 'begins with a keyframe');
    t.ok(sink.senderReports > 0);
    await until(() => publisher.received.transportCcPackets > 0);
    const { pictureLossIndications } = publisher.received;
    session.requestKeyframe();
    await until(() => publisher.received.pictureLossIndications > pictureLossIndications);
    t.match(session.statistics(), {
      connected: true,
      rtp: { authenticationFailures: 0, malformed: 0, unroutable: 0 },
    });
    t.ok(windowsInUse() >= windows + 3, 'keystream of both tracks and of our feedback');
    await publisher.stop();
    t.match(sink.closed, [{ reason: 'client', error: undefined }]);
    t.equal(session.statistics().connected, false);
    t.equal(windowsInUse(), windows);
  });
}

t.test('media of strangers costs a session nothing', async (t) => {
  const server = await listenWhip(t);
  const { publisher, session, sink } = await publish(t, server, { answerNacks: false });
  publisher.start();
  await until(() => sink.units.audio.length > 10);
  const [forged] = publisher.latest('video', 1);
  forged![forged!.length - 1]! ^= 0xff;
  const stranger = createSocket('udp4');
  t.teardown(() => stranger.close());
  const flood = async (): Promise<void> => {
    for (let sent = 0; sent < 100; sent++) stranger.send(forged!, portOf(session), '127.0.0.1');
    await delay(5);
  };
  const heard = sink.units.audio.length;
  while (sink.units.audio.length < heard + 100) await flood();
  const { ice, rtp } = session.statistics();
  t.match(rtp, { authenticationFailures: 0, replayed: 0, malformed: 0, unroutable: 0 });
  t.ok(ice.strangers > 20, `${ice.strangers} dropped unread`);
  for (const [mid, { packetsLost }] of rtp!.tracks) t.equal(packetsLost, 0, `of section ${mid}`);

  publisher.pause();
  const [ufrag, password] = credentialLines(session.answer).map((line) => line.split(':')[1]!);
  const elsewhere = await StunClient.open();
  t.teardown(() => elsewhere.close());
  let answered = false;
  while (!answered) {
    await flood();
    void elsewhere
      .check(portOf(session), { local: { ufrag: ufrag!, password: password! } })
      .then(() => {
        answered = true;
      });
  }
  t.pass('a publisher whose way is silent may come from elsewhere, also in a flood');
});

t.test('prefers AES-GCM', async (t) => {
  const { publisher } = await publish(t, await listenWhip(t));
  t.equal(publisher.srtpProfile, 'AEAD_AES_128_GCM');
});

t.test('a publisher that vanishes is noticed, and not before its time', async (t) => {
  const server = await listenWhip(t, { idleTimeoutMs: 700 });
  const { publisher, sink } = await publish(t, server);
  publisher.start();
  await until(() => sink.units.audio.length > 100);
  t.same(sink.closed, [], 'lives longer than the time-out while it sends');
  publisher.vanish();
  const vanishedMs = performance.now();
  await until(() => sink.closed.length > 0);
  t.equal(sink.closed[0]!.reason, 'idle');
  t.ok(sink.closed[0]!.atMs - vanishedMs > 600);
});

t.test('a publisher without media lives by its ICE checks', async (t) => {
  const { client, session, sink } = await connectClient(t, { idleTimeoutMs: 500 });
  client.stop();
  const [ufrag, password] = credentialLines(session.answer).map((line) => line.split(':')[1]!);
  const checker = await StunClient.open();
  t.teardown(() => checker.close());
  const startMs = performance.now();
  while (performance.now() - startMs < 1500) {
    await checker.check(portOf(session), { local: { ufrag: ufrag!, password: password! } });
    await delay(50);
  }
  t.same(sink.closed, []);
  await until(() => sink.closed.length > 0);
  t.equal(sink.closed[0]!.reason, 'idle');
});

t.test('what waits in the socket while this thread is held up counts', async (t) => {
  const { client, session, sink } = await connectClient(t, { idleTimeoutMs: 300 });
  client.stop();
  const [ufrag, password] = credentialLines(session.answer).map((line) => line.split(':')[1]!);
  const local = { ufrag: ufrag!, password: password! };
  const checker = await StunClient.open();
  t.teardown(() => checker.close());
  for (let i = 0; i < 3; i++) {
    const answered = checker.check(portOf(session), { local });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
    await answered;
    t.same(sink.closed, []);
  }
});

t.test('what is not authentic keeps nobody alive', async (t) => {
  const server = await listenWhip(t, { idleTimeoutMs: 500 });
  const { publisher, session, sink } = await publish(t, server);
  publisher.start();
  await until(() => sink.units.audio.length > 0);
  const port = portOf(session);
  publisher.vanish();
  const attacker = createSocket('udp4');
  t.teardown(() => attacker.close());
  const rtp = Buffer.alloc(200, 0x55);
  rtp[0] = 0x80;
  const stun = Buffer.from('000100002112a442000102030405060708090a0b', 'hex');
  const dtls = Buffer.concat([Buffer.from('16fefd00000000000000010020', 'hex'), Buffer.alloc(32)]);
  const timer = setInterval(() => {
    for (const datagram of [rtp, stun, dtls, Buffer.alloc(0)]) {
      attacker.send(datagram, port, '127.0.0.1');
    }
  }, 10);
  t.teardown(() => clearInterval(timer));
  await until(() => sink.closed.length > 0);
  t.equal(sink.closed[0]!.reason, 'idle');
  t.equal(session.statistics().rtp!.authenticationFailures, 0, 'no cryptography for strangers');
  t.ok(session.statistics().ice.strangers > 0);
  t.ok(session.statistics().ice.rejectedChecks > 0);
});

t.test('a forged DTLS alert ends nothing', async (t) => {
  for (const epoch of [0, 1]) {
    const { client, session, sink } = await connectClient(t);
    // close_notify in the clear (RFC 5246 §7.2), from the publisher's own address.
    const alert = Buffer.from('15fefd00000000000000ff00020100', 'hex');
    alert.writeUInt16BE(epoch, 3);
    await client.dtls.iceTransport.connection.send(alert);
    const received = sink.units.audio.length;
    await until(() => sink.units.audio.length > received + 50);
    t.same(sink.closed, [], `in epoch ${epoch}: a second of sound later`);
    await session.close('client');
  }
});

t.test('a forged ClientHello does not disturb', async (t) => {
  const { client, sink } = await connectClient(t);
  const hello = Buffer.from(
    '16fefd0000000000000000003e0100003200000000000000320fefd'.padEnd(150, '0'),
    'hex',
  );
  await client.dtls.iceTransport.connection.send(hello);
  const received = sink.units.audio.length;
  await until(() => sink.units.audio.length > received + 10);
  t.same(sink.closed, []);
});

t.test('an alert after which nothing comes ends the session within seconds', async (t) => {
  const { client, sink } = await connectClient(t, { idleTimeoutMs: 60_000 });
  const alert = Buffer.from('15fefd00010000000000ff00020100', 'hex');
  await client.dtls.iceTransport.connection.send(alert);
  await client.close();
  await until(() => sink.closed.length > 0);
  t.equal(sink.closed[0]!.reason, 'dtls-closed');
});

t.test('a session that nobody comes to ends, saying so', async (t) => {
  const sink = new RecordingSink();
  const session = await WhipSession.accept(
    offerOf(VIDEO, AUDIO),
    { ...LOOPBACK, connectTimeoutMs: 100 },
    sink,
  );
  t.teardown(() => session.close('shutdown'));
  await until(() => sink.closed.length > 0);
  t.equal(sink.closed[0]!.reason, 'failed');
  t.match(sink.closed[0]!.error?.message, /no valid ICE check arrived.*127\.0\.0\.1 port \d+/);
  t.same(sink.events, ['closed'], 'never connected');
});

t.test('a client whose certificate is not that of the offer is refused', async (t) => {
  const client = new RtcClient();
  t.teardown(() => client.close());
  const offer = (await client.offer()).replaceAll(
    /a=fingerprint:sha-256 .*/g,
    `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`,
  );
  const sink = new RecordingSink();
  const session = await WhipSession.accept(offer, LOOPBACK, sink);
  t.teardown(() => session.close('shutdown'));
  await client.answer(session.answer);
  await until(() => sink.closed.length > 0);
  t.match(sink.closed, [{ reason: 'failed', error: { message: /fingerprint/ } }]);
});

t.test('trickled candidates are taken when they are of this session', async (t) => {
  const client = new RtcClient();
  t.teardown(() => client.close());
  const offer = await client.offer();
  const sink = new RecordingSink();
  const bare = offer.replaceAll(/a=candidate.*\r\n/g, '').replaceAll(/a=end-of.*\r\n/g, '');
  const session = await WhipSession.accept(bare, LOOPBACK, sink);
  t.teardown(() => session.close('shutdown'));
  const fragment = [
    ...credentialLines(offer),
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    'a=mid:0',
    'a=candidate:1 1 udp 2122194687 5c2f7f0e-3f0e-4b8e-9d2e-6c1f2a3b4c5d.local 38906 typ host',
    'a=end-of-candidates',
    '',
  ].join('\r\n');
  t.equal(session.isIceRestart(fragment), false);
  const { etag } = session;
  await session.trickle(fragment);
  t.equal(session.etag, etag);
  await t.rejects(
    session.trickle(fragment.replace(/ice-ufrag:.*/, 'ice-ufrag:somebodyelse')),
    refusal('bad-sdp', /not those of this ICE session/),
  );
  await t.rejects(session.trickle('hello'), refusal('bad-sdp'));
  await client.answer(session.answer);
  await client.connected();
});

t.test('media survives an ICE restart', async (t) => {
  const { client, session, sink } = await connectClient(t);
  const { etag } = session;
  const restart = await client.offer(true);
  const fragment = `${credentialLines(restart).join('\r\n')}\r\n`;
  t.equal(session.isIceRestart(fragment), true);
  const reply = await session.restartIce(fragment);
  t.not(reply.etag, etag);
  t.equal(reply.etag, session.etag);
  t.match(reply.fragment, /^a=ice-lite\r\n/m);
  const [ufrag, password] = credentialLines(reply.fragment);
  t.notOk(session.answer.includes(ufrag), 'new credentials');
  await client.answer(
    session.answer.replaceAll(/a=ice-ufrag:.*/g, ufrag).replaceAll(/a=ice-pwd:.*/g, password),
    true,
  );
  const received = sink.units.audio.length;
  await until(() => sink.units.audio.length > received + 20);
  t.same(sink.events, ['connected', 'first audio'], 'no second handshake');
  t.equal(session.statistics().ice.restarts, 1);
  await t.rejects(session.restartIce(fragment), refusal('bad-sdp'), 'the same credentials again');
  await t.rejects(session.restartIce('a=end-of-candidates\r\n'), refusal('bad-sdp'));
});

t.test('a fault of the sink ends its session and no other', async (t) => {
  const other = await connectClient(t);
  const client = new RtcClient();
  t.teardown(() => client.close());
  const sink = new RecordingSink();
  sink.onAccessUnit = () => {
    throw new Error('no space left');
  };
  const session = await WhipSession.accept(await client.offer(), LOOPBACK, sink);
  t.teardown(() => session.close('shutdown'));
  await client.answer(session.answer);
  await client.connected();
  client.start();
  await until(() => sink.closed.length > 0);
  t.match(sink.closed, [{ reason: 'failed', error: { message: 'no space left' } }]);
  const received = other.sink.units.audio.length;
  await until(() => other.sink.units.audio.length > received);
});

t.test('closing tells once, at once, and frees port and timer', async (t) => {
  const { session, sink } = await connectClient(t);
  const port = portOf(session);
  const closing = session.close('replaced');
  t.match(sink.closed, [{ reason: 'replaced' }]);
  await Promise.all([closing, session.close('shutdown'), session.close('client')]);
  t.equal(sink.closed.length, 1);
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, '127.0.0.1', resolve);
  });
  socket.close();
});

for (const reason of ['client', 'replaced', 'shutdown'] as const) {
  t.test(`the publisher is told at once of an end by ${reason}`, async (t) => {
    const { client, session } = await connectClient(t);
    await session.close(reason);
    await until(() => client.dtls.state === 'closed');
    t.equal(client.dtls.state, 'closed');
  });
}

t.test('what is left to be said is told with each way to the publisher', async (t) => {
  const farewells: (Farewell | undefined)[] = [];
  const onFarewell = (_id: string, farewell: Farewell | undefined) => farewells.push(farewell);
  const { client, session } = await connectClient(t, { onFarewell });
  const [first] = farewells;
  const { remoteAddr, localCandidate } = client.dtls.iceTransport.connection.nominated!;
  t.equal(remoteAddr[1], portOf(session));
  t.same(first?.path, {
    local: { address: '127.0.0.1', port: portOf(session) },
    remote: { address: '127.0.0.1', port: localCandidate.port },
  });
  const [ufrag, password] = credentialLines(session.answer).map((line) => line.split(':')[1]!);
  const elsewhere = await StunClient.open();
  t.teardown(() => elsewhere.close());
  const local = { ufrag: ufrag!, password: password! };
  await elsewhere.check(portOf(session), { local, nominate: true });
  await until(() => farewells.length > 1);
  t.equal(farewells[1]?.path.remote.port, elsewhere.port);
  t.same(farewells[1]?.datagram, first?.datagram, 'the same record');
  await session.close('shutdown');
  t.equal(farewells.at(-1), undefined, 'nothing is left when all is said');
});

t.test('two hundred sessions leave no socket and no timer', async (t) => {
  const count = () =>
    process.getActiveResourcesInfo().filter((name) => /udp|timeout/i.test(name)).length;
  const before = count();
  for (let i = 0; i < 200; i++) {
    const sink = new RecordingSink();
    const session = await WhipSession.accept(offerOf(VIDEO, AUDIO), LOOPBACK, sink);
    await session.close('client');
  }
  // The handle of a closed socket goes a turn later than its port.
  await until(() => count() <= before);
  t.ok(count() <= before);
});

t.test('sessions that were connected leave nothing in memory', async (t) => {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  const sessions: WeakRef<WhipSession>[] = [];
  // A function of its own: the frame of this one would keep the last session.
  const publishOnce = async () => {
    const client = new RtcClient();
    const sink = new RecordingSink();
    const session = await WhipSession.accept(await client.offer(), LOOPBACK, sink);
    sessions.push(new WeakRef(session));
    await client.answer(session.answer);
    await client.connected();
    client.start();
    await until(() => sink.units.audio.length > 0);
    await session.close('client');
    await client.close();
  };
  for (let i = 0; i < 10; i++) await publishOnce();
  await until(() => {
    collectGarbage();
    return sessions.every((session) => session.deref() === undefined);
  });
  t.pass('all were collected');
});

t.test('offers that cannot be taken open nothing', async (t) => {
  const count = () => process.getActiveResourcesInfo().filter((name) => /udp/i.test(name)).length;
  const before = count();
  const accept = (offer: string) => WhipSession.accept(offer, LOOPBACK, new RecordingSink());
  await t.rejects(accept('v=0\r\nnonsense'), refusal('bad-sdp'));
  await t.rejects(accept(offerOf(without(VIDEO, /H264|VP8/))), refusal('unacceptable-offer'));
  // Those of the test before may still be going.
  t.ok(count() <= before);
});
