import t, { type Test } from 'tap';
import { RtcpSrPacket, type RtpPacket } from 'werift';
import { steadyNowUs } from '../../src/clock/steady-clock.ts';
import { untilTrue as until } from '../server/until.ts';
import { audioPackets, videoFrames } from './clip.ts';
import { ReferenceReceiver } from './reference-receiver.ts';
import { WhipPublisher, type WhipPublisherOptions } from './whip-publisher.ts';

const NTP_TO_UNIX_S = 2_208_988_800;

async function connect(
  t: Test,
  options: Partial<WhipPublisherOptions> = {},
): Promise<{ receiver: ReferenceReceiver; publisher: WhipPublisher }> {
  const receiver = await ReferenceReceiver.listen();
  t.teardown(() => receiver.close());
  const publisher = await WhipPublisher.connect({ whipUrl: receiver.whipUrl, ...options });
  t.teardown(() => publisher.vanish());
  return { receiver, publisher };
}

function byTrack(packets: RtpPacket[]): { video: RtpPacket[]; audio: RtpPacket[] } {
  return {
    video: packets.filter((packet) => packet.header.payloadType === 102),
    audio: packets.filter((packet) => packet.header.payloadType === 111),
  };
}

for (const srtpProfile of ['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_128_GCM'] as const) {
  t.test(`sends the clip as it is, with ${srtpProfile}`, async (t) => {
    const { receiver, publisher } = await connect(t, { srtpProfile, videoSequenceStart: 65_530 });
    t.equal(publisher.srtpProfile, srtpProfile);
    publisher.start();
    await until(() => publisher.sent.videoFrames >= 45);
    await publisher.stop();
    t.same(receiver.requests, ['POST', 'DELETE']);

    const { video, audio } = byTrack(receiver.rtp);
    const frames = videoFrames('flash-and-beep.h264').slice(0, publisher.sent.videoFrames);
    const expected = frames.flatMap((frame, number) =>
      frame.payloads.map((payload, i) => ({
        payload,
        number,
        marker: i === frame.payloads.length - 1,
      })),
    );
    t.equal(publisher.sent.videoPackets, expected.length);
    t.equal(video.length, expected.length, 'all video packets');
    const first = video[0]!.header;
    t.equal(first.sequenceNumber, 65_530);
    for (const [i, { payload, number, marker }] of expected.entries()) {
      const { header, payload: got } = video[i]!;
      if (!got.equals(payload)) t.fail(`video packet ${i} has another payload`);
      if (header.marker !== marker) t.fail(`video packet ${i} has marker ${header.marker}`);
      if (header.sequenceNumber !== ((65_530 + i) & 0xffff))
        t.fail(`video packet ${i} is misnumbered`);
      const ticks = (header.timestamp - first.timestamp + 2 ** 32) % 2 ** 32;
      if (ticks !== number * 3000) t.fail(`video packet ${i} is at ${ticks} ticks`);
    }

    const opus = audioPackets();
    t.equal(audio.length, publisher.sent.audioPackets, 'all audio packets');
    t.ok(audio.length >= 74);
    for (const [i, { header, payload }] of audio.entries()) {
      if (!payload.equals(opus[i]!)) t.fail(`audio packet ${i} has another payload`);
      const ticks = (header.timestamp - audio[0]!.header.timestamp + 2 ** 32) % 2 ** 32;
      if (ticks !== i * 960) t.fail(`audio packet ${i} is at ${ticks} ticks`);
    }
  });
}

t.test('sender reports tell the capture time of both tracks on one clock', async (t) => {
  const clockOffsetMs = 3 * 3600 * 1000;
  const { receiver, publisher } = await connect(t, { clockOffsetMs, audioDelayMs: 150 });
  publisher.start();
  const reports = () => receiver.rtcp.filter((packet) => packet instanceof RtcpSrPacket);
  const { video: videoBefore } = byTrack(receiver.rtp);
  t.equal(videoBefore.length, 0, 'nothing is sent before the start');
  await until(() => new Set(reports().map((report) => report.ssrc)).size === 2);
  const { video, audio } = byTrack(receiver.rtp);
  for (const report of reports()) {
    const { ntpTimestamp, rtpTimestamp } = report.senderInfo;
    const ntpUs =
      (Number(ntpTimestamp >> 32n) - NTP_TO_UNIX_S) * 1e6 +
      (Number(ntpTimestamp & 0xffffffffn) / 2 ** 32) * 1e6;
    const isVideo = report.ssrc === video[0]!.header.ssrc;
    const [packet, rate] = isVideo ? [video[0]!, 90_000] : [audio[0]!, 48_000];
    const ticks = (rtpTimestamp - packet.header.timestamp + 2 ** 32) % 2 ** 32;
    const capturedAtUs = ntpUs - clockOffsetMs * 1000 - (ticks / rate) * 1e6;
    const truth = isVideo ? publisher.sent.firstFrameAtUs : publisher.sent.firstAudioAtUs;
    const error = Math.abs(capturedAtUs - truth);
    t.ok(
      error < 50,
      `the ${isVideo ? 'video' : 'audio'} report is wrong by ${error.toFixed(1)} µs`,
    );
  }
  t.equal(publisher.sent.firstFrameAtUs, publisher.sent.firstAudioAtUs);
  const videoReports = reports().filter((report) => report.ssrc === video[0]!.header.ssrc);
  t.ok(videoReports.length >= 3, 'one a second, the first at once');
});

t.test('answers feedback', async (t) => {
  let lost: number | undefined;
  const { receiver, publisher } = await connect(t, {
    drop: ({ kind, sequenceNumber, index }) => {
      if (kind !== 'video' || index !== 5) return false;
      lost = sequenceNumber;
      return true;
    },
  });
  publisher.start();
  await until(() => byTrack(receiver.rtp).video.length > 20);
  t.equal(publisher.sent.droppedPackets, 1);
  t.notOk(byTrack(receiver.rtp).video.some((packet) => packet.header.sequenceNumber === lost));

  const mediaSsrc = byTrack(receiver.rtp).video[0]!.header.ssrc;
  await receiver.sendRtcp(pli(mediaSsrc));
  await receiver.sendRtcp(nack(mediaSsrc, lost!));
  const rtx = () => receiver.rtp.filter((packet) => packet.header.payloadType === 103);
  await until(() => rtx().length === 1);
  t.equal(publisher.received.pictureLossIndications, 1);
  t.equal(publisher.received.nackedPackets, 1);
  t.equal(publisher.sent.retransmittedPackets, 1);
  const frames = videoFrames('flash-and-beep.h264');
  const original = frames.flatMap((frame) => frame.payloads)[5]!;
  t.equal(rtx()[0]!.payload.readUInt16BE(0), lost, 'the original sequence number goes before');
  t.ok(rtx()[0]!.payload.subarray(2).equals(original));
});

t.test('jumps to a keyframe when asked to', async (t) => {
  const { receiver, publisher } = await connect(t, { keyframeOnRequest: 'at once' });
  publisher.start();
  await until(() => byTrack(receiver.rtp).video.length > 20);
  await receiver.sendRtcp(pli(byTrack(receiver.rtp).video[0]!.header.ssrc));
  await until(() => publisher.sent.videoKeyframes === 2);
  t.ok(publisher.sent.videoFrames < 60, `after ${publisher.sent.videoFrames} frames`);
});

t.test('a pause leaves a gap in time and none in the numbers', async (t) => {
  const { receiver, publisher } = await connect(t, { audio: false });
  publisher.start();
  await until(() => publisher.sent.videoFrames >= 30);
  publisher.pause();
  const frames = publisher.sent.videoFrames;
  const pausedAtUs = steadyNowUs();
  publisher.resume();
  await until(() => publisher.sent.videoFrames > frames);
  t.ok(steadyNowUs() - pausedAtUs > 500_000, 'it waited for a keyframe');
  t.equal(publisher.sent.videoKeyframes, 2);
  await publisher.stop();
  const { video } = byTrack(receiver.rtp);
  const sequence = video.map(
    (packet) => (packet.header.sequenceNumber - video[0]!.header.sequenceNumber) & 0xffff,
  );
  t.same(
    sequence,
    sequence.map((_, i) => i),
  );
  const ticks = video.map(
    (packet) => (packet.header.timestamp - video[0]!.header.timestamp + 2 ** 32) % 2 ** 32,
  );
  t.ok(ticks.includes(60 * 3000), 'the picture after the pause is frame 60');
  t.equal(publisher.sent.audioPackets, 0);
});

t.test('replayed and forged datagrams', async (t) => {
  const { receiver, publisher } = await connect(t);
  publisher.start();
  await until(() => byTrack(receiver.rtp).video.length > 20);
  publisher.pause();
  const before = publisher.sent.videoPackets;
  await until(() => byTrack(receiver.rtp).video.length === before);
  t.equal(publisher.replay('video', 3), 3);
  await until(() => byTrack(receiver.rtp).video.length === before + 3);
  publisher.forge('video', 5);
  publisher.replay('video', 1);
  await until(() => byTrack(receiver.rtp).video.length === before + 4);
  t.equal(byTrack(receiver.rtp).video.length, before + 4, 'forged ones do not pass authentication');
});

t.test('a refused offer is told with the message', async (t) => {
  await t.rejects(
    WhipPublisher.connect({ whipUrl: 'http://127.0.0.1:1/whip/nobody' }),
    /fetch failed/,
  );
});

function pli(mediaSsrc: number): Buffer {
  const packet = Buffer.from([0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0]);
  packet.writeUInt32BE(mediaSsrc, 8);
  return packet;
}

function nack(mediaSsrc: number, sequenceNumber: number): Buffer {
  const packet = Buffer.from([0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  packet.writeUInt32BE(mediaSsrc, 8);
  packet.writeUInt16BE(sequenceNumber, 12);
  return packet;
}
