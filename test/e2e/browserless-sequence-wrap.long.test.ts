import t from 'tap';
import { probeSegments } from '../media/probe.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { videoFrames } from '../publisher/clip.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { readDayFolder } from '../server/day-folder.ts';
import { recordStatus } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

/** The outage takes frames 60 to 119: 2 s, from one keyframe to the next. */
const OUTAGE = { first: 60, end: 120 };
/** Half-way through it the sequence number wraps. */
const WRAP_FRAME = 90;
const FRAMES = 195;
const REPLAYED = 20;
const FORGED = 30;

const packetsBefore = (frame: number): number =>
  videoFrames('flash-and-beep.h264')
    .slice(0, frame)
    .reduce((sum, { payloads }) => sum + payloads.length, 0);

t.test('an outage across the wrap of the sequence number', { jobs: 2 }, async (t) => {
  if (!requireFfmpeg(t)) return;
  const { url, root } = await startRecorder(t);
  await Promise.all(
    (['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_128_GCM'] as const).map((srtpProfile) =>
      t.test(srtpProfile, async (t) => {
        const from = packetsBefore(OUTAGE.first);
        const to = packetsBefore(OUTAGE.end);
        let wrapped = false;
        const publisher = await WhipPublisher.connect({
          whipUrl: `${url}/whip/${srtpProfile}`,
          srtpProfile,
          videoSequenceStart: 0x10000 - packetsBefore(WRAP_FRAME),
          answerNacks: false,
          drop: ({ kind, index, sequenceNumber }) => {
            const lost =
              kind === 'video' ? index >= from && index < to : index >= 100 && index < 200;
            if (lost && kind === 'video' && sequenceNumber === 0) wrapped = true;
            return lost;
          },
        });
        t.teardown(() => publisher.vanish());
        t.equal(publisher.srtpProfile, srtpProfile);
        publisher.start();
        await until('the last picture', () => publisher.sent.videoFrames >= FRAMES);
        publisher.pause();
        t.ok(wrapped, 'the number wrapped during the outage');
        const { sent } = publisher;
        const arrived = {
          video: sent.videoPackets - (to - from),
          audio: sent.audioPackets - 100,
        };
        t.equal(
          arrived.video + arrived.audio + sent.droppedPackets,
          sent.videoPackets + sent.audioPackets,
        );
        const track = async (kind: 'video' | 'audio') =>
          (await recordStatus(url, srtpProfile)).tracks.find((one) => one.kind === kind)!;
        for (const kind of ['video', 'audio'] as const) {
          await until(`all ${kind} packets`, async () => {
            return (await track(kind)).packets_received >= arrived[kind];
          });
          t.equal((await track(kind)).packets_received, arrived[kind], `${kind}: none is missing`);
        }
        const came = sent.videoFrames - (OUTAGE.end - OUTAGE.first);
        t.equal((await track('video')).access_units, came);

        const rejected = async () => (await recordStatus(url, srtpProfile)).rejected;
        const none = {
          authentication_failures: 0,
          replayed: 0,
          malformed: 0,
          unroutable: 0,
          strangers: 0,
        };
        t.same(await rejected(), none, 'nothing was rejected so far');
        t.equal(publisher.replay('video', REPLAYED), REPLAYED);
        publisher.forge('video', FORGED);
        const allCounted = async () => (await rejected())?.authentication_failures === FORGED;
        await until('all forged packets are counted', allCounted);
        t.same(
          await rejected(),
          { ...none, authentication_failures: FORGED, replayed: REPLAYED },
          'replayed and forged packets are counted',
        );
        t.equal((await track('video')).packets_received, arrived.video, 'and not taken');
        await publisher.stop();

        const day = await readDayFolder(root, srtpProfile);
        let decoded = 0;
        const times: number[] = [];
        for (const { video } of day.periods) {
          const probed = await probeSegments([video!.init, ...video!.segments]);
          t.same(probed.errors, []);
          decoded += probed.frameCount;
          times.push(...probed.pts);
        }
        t.equal(decoded, came, 'all that arrived decodes');
        const atOutage = times[OUTAGE.first]! - times[OUTAGE.first - 1]!;
        const expected = (OUTAGE.end - OUTAGE.first + 1) * 3000;
        t.ok(
          Math.abs(atOutage - expected) < 9000,
          `the picture after the outage is ${atOutage / 90_000} s later`,
        );
      }),
    ),
  );
});
