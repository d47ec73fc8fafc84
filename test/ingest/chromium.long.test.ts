import t from 'tap';
import { SharedPort } from '../../src/ingest/shared-port.ts';
import { requireChromium } from '../chromium/launch.ts';
import { freeUdpPorts } from '../server/free-udp-ports.ts';
import { until as eventually } from '../server/until.ts';
import { publishFromChromium } from './chromium-publisher.ts';
import { LOOPBACK, listenWhip, until } from './whip-server.ts';

const PICTURE = { width: 320, height: 180, noiseSide: 32, maxBitrate: 1_000_000 };

for (const sockets of ['sockets of its own', 'one port for all'] as const) {
  t.test(
    `Chromium publishes, restarts ICE, and is missed when it closes: ${sockets}`,
    async (t) => {
      const browser = await requireChromium(t);
      if (browser === undefined) return;
      const shared = sockets === 'one port for all' ? await openSharedPort() : undefined;
      // After the sessions.
      t.after(() => shared?.close());
      const server = await listenWhip(t, { sharedPort: shared });
      const publisher = await publishFromChromium(browser, { pageUrl: server.pageUrl, ...PICTURE });
      const [session, sink] = [server.sessions[0]!, server.sinks[0]!];
      t.comment(`connected in ${Math.round(publisher.connectMs)} ms`);
      await until(() => sink.units.video.length >= 30 && sink.units.audio.length >= 50);
      t.ok(sink.units.video[0]!.keyframe);
      t.same(
        session.sections.map(({ kind }) => kind),
        ['video', 'audio'],
      );
      t.equal(session.statistics().srtpProfile, 'AEAD_AES_128_GCM');

      const keyframes = () => sink.units.video.filter(({ keyframe }) => keyframe).length;
      const before = keyframes();
      session.requestKeyframe();
      await until(() => keyframes() > before);

      await publisher.restartIce();
      t.equal(session.statistics().ice.restarts, 1);
      const { checks } = session.statistics().ice;
      await until(() => session.statistics().ice.checks > checks + 1);
      const units = sink.units.video.length;
      await until(() => sink.units.video.length > units + 30);
      t.notOk(
        sink.units.audio.some(({ discontinuity }) => discontinuity),
        'no sound was lost',
      );
      t.match(session.statistics().rtp, { authenticationFailures: 0, malformed: 0 });

      await publisher.close();
      await until(() => sink.closed.length > 0);
      t.equal(sink.closed[0]!.reason, 'dtls-closed', 'well before the idle time-out');
      // Given back with the sockets, which is after the sink was told.
      if (shared !== undefined) await until(() => shared.statistics().addresses === 0);
    },
  );
}

async function openSharedPort(): Promise<SharedPort> {
  const port = await freeUdpPorts();
  const shared = new SharedPort({ ...LOOPBACK, port });
  await shared.open();
  return shared;
}

t.test('Chromium hears at once that its session was ended', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined) return;
  const server = await listenWhip(t);
  const publisher = await publishFromChromium(browser, { pageUrl: server.pageUrl, ...PICTURE });
  const [session, sink] = [server.sessions[0]!, server.sinks[0]!];
  await until(() => sink.units.video.length > 0);
  await session.close('shutdown');
  const { dtls, ice, connection } = await publisher.ended();
  t.comment(`the peer connection is ${connection}`);
  t.equal(dtls, 'closed');
  t.equal(ice, 'connected', 'long before consent expires');
});

t.test('every packet that Chromium sends is accounted for', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined) return;
  const server = await listenWhip(t);
  const publisher = await publishFromChromium(browser, { pageUrl: server.pageUrl, ...PICTURE });
  const [session, sink] = [server.sessions[0]!, server.sinks[0]!];
  await until(() => sink.units.video.length >= 150);
  await publisher.pause();
  // Pictures say less: Chromium counts one as sent that it drops from its own queue later, where a
  // keyframe overtakes it.
  // What it sends later, such as a packet once more, may come between its count and ours.
  await eventually('as many are accounted for as were sent', async () => {
    const sent = await publisher.packetsSent();
    const { tracks, unroutable } = session.statistics().rtp!;
    // A probe may come before the first packet of what it belongs to.
    let accounted = unroutable;
    for (const { packetsReceived, duplicates, malformed, probes } of tracks.values()) {
      accounted += packetsReceived + duplicates + malformed + probes;
    }
    return accounted === sent;
  });
  for (const track of session.statistics().rtp!.tracks.values()) t.equal(track.packetsLost, 0);
});

t.test('Chromium that hides its addresses behind mDNS names connects', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined) return;
  const server = await listenWhip(t, { iceAddresses: [] });
  const publisher = await publishFromChromium(browser, {
    pageUrl: server.pageUrl,
    ...PICTURE,
    hideAddresses: true,
  });
  t.comment(`connected in ${Math.round(publisher.connectMs)} ms`);
  t.match(publisher.offer, /a=candidate:.*\.local /);
  await until(() => server.sinks[0]!.units.audio.length > 0);
  t.equal(server.sessions[0]!.statistics().ice.rejectedChecks, 0);
});
