import { readFile } from 'node:fs/promises';
import path from 'node:path';
import t, { type Test } from 'tap';
import { probeSegments } from '../media/probe.ts';
import { readMpd } from '../media/read-mpd.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { type SimulatedOptions, SimulatedPublisher } from './simulated-publisher.ts';

const FOLDER = 'cam1/2026/03/04';
const REPORTS = { videoReportUs: 0, audioReportUs: 0, segmentSeconds: 4 };

/** The sound of a recording, from the first Period to the last: packets, and whether it is one piece. */
async function checkSound(t: Test, publisher: SimulatedPublisher) {
  const audio = publisher.of('audio');
  for (const [i, { startUs }] of audio.entries()) {
    if (i > 0) t.equal(startUs, audio[i - 1]!.endUs, 'no hole in the sound');
  }
  t.equal(publisher.recording.dropped.late, 0, 'no sound is dropped');
  if (!requireFfmpeg(t)) return;
  const files = new Set(audio.flatMap(({ initPath, path }) => [initPath, path]));
  const { frameCount, errors } = await probeSegments(
    [...files].map((file) => path.join(publisher.root, file)),
  );
  t.same(errors, []);
  t.ok(frameCount >= publisher.packet, `${frameCount} of ${publisher.packet} packets`);
  t.ok(frameCount <= publisher.packet + 2, `${frameCount} of ${publisher.packet} packets`);
}

const FROZEN: { name: string; options: SimulatedOptions }[] = [
  { name: 'a keyframe that comes after seven seconds', options: { gop: 300 } },
  { name: 'a keyframe that never comes', options: { gop: 100_000 } },
  {
    name: 'sound that is less delayed than the picture',
    options: { gop: 300, videoDelayUs: 300_000 },
  },
];

for (const { name, options } of FROZEN) {
  t.test(`a picture is lost and nobody asks in vain: ${name}`, async (t) => {
    const publisher = new SimulatedPublisher(t, { ...REPORTS, ...options });
    const { recording } = publisher;
    await publisher.run(18, (kind, index) => kind === 'video' && index === 90);
    await recording.written();
    const audio = publisher.of('audio');
    t.ok(audio.length >= 3, `${audio.length} segments of sound while it is recorded`);
    t.ok(publisher.nowUs - audio.at(-1)!.endUs < 8e6, 'the last one is of late');
    t.ok(publisher.of('video').length >= 1, 'and the picture before is there');
    await publisher.run(3);
    await recording.close();
    await checkSound(t, publisher);
  });
}

t.test('sound begins by itself where no picture can be decoded', async (t) => {
  // What comes are pictures without the keyframe that they refer to.
  const publisher = new SimulatedPublisher(t, { ...REPORTS, gop: 100_000 });
  publisher.frame = 1;
  await publisher.run(12);
  await publisher.recording.written();
  t.ok(publisher.of('audio').length >= 1, 'segments appear');
  await publisher.recording.close();
  await checkSound(t, publisher);
  t.equal(publisher.recording.dropped.undecodable, publisher.frame - 1);
});

t.test('short packets wait as long as long ones', async (t) => {
  // 2.5 ms of silence (RFC 6716 §3.1: configuration 28), eight times as many as of 20 ms.
  const publisher = new SimulatedPublisher(t, { ...REPORTS, audioPacketTicks: 120 });
  await publisher.run(2.5, (kind) => kind === 'video' && 'never sent');
  await publisher.run(5);
  await publisher.recording.close();
  t.equal(publisher.recording.dropped.late, 0);
  const audio = publisher.of('audio');
  const lengthUs = audio.at(-1)!.endUs - audio[0]!.startUs;
  t.ok(Math.abs(lengthUs - publisher.packet * 2_500) < 40_000, `${lengthUs} µs`);
});

t.test('the picture that is held is shown until the next, in one Period', async (t) => {
  const publisher = new SimulatedPublisher(t, { ...REPORTS, gop: 240 });
  await publisher.run(16, (kind, index) => kind === 'video' && index === 120);
  t.equal(publisher.recording.concealedMs('video'), 4000);
  await publisher.recording.close();
  const text = await readFile(path.join(publisher.root, FOLDER, 'manifest.mpd'), 'utf8');
  t.equal(readMpd(text).periods.length, 1);
});
