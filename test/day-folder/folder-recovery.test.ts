import { cp, open, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import t, { type Test } from 'tap';
import { probeSegments } from '../media/probe.ts';
import { readMpd } from '../media/read-mpd.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { NOON_US, SimulatedPublisher } from '../recording/simulated-publisher.ts';

const FOLDER = 'cam1/2026/03/04';
const REPORTS = { videoReportUs: 300_000, audioReportUs: 500_000 };

/** The storage as a crash at this moment would leave it. */
async function crash(t: Test, publisher: SimulatedPublisher): Promise<string> {
  await publisher.recording.written();
  const root = path.join(t.testdirName, 'crashed');
  await cp(publisher.root, root, { recursive: true });
  await publisher.recording.close();
  return root;
}

t.test('what a crash leaves open is taken up when the folder is used again', async (t) => {
  if (!requireFfmpeg(t)) return;
  const first = new SimulatedPublisher(t, REPORTS);
  await first.run(7.5);
  const root = await crash(t, first);
  const folder = path.join(root, FOLDER);
  const parts = (await readdir(folder)).filter((file) => file.endsWith('.part'));
  t.ok(
    parts.some((file) => file.startsWith('seg_')),
    'the crash left an open segment',
  );
  // The last write was cut in the middle of a chunk.
  for (const part of parts) {
    const handle = await open(path.join(folder, part), 'a');
    await handle.write(Buffer.from('00000400' + '6d6f6f66' + '00000010' + '6d666864', 'hex'));
    await handle.close();
  }

  const second = new SimulatedPublisher(t, { startUs: NOON_US + 30e6, ...REPORTS }, root);
  await second.run(4.5);
  await second.recording.close();
  t.same(
    (await readdir(folder)).filter((file) => file.endsWith('.part')),
    [],
  );
  const mpd = readMpd(await readFile(path.join(folder, 'manifest.mpd'), 'utf8'));
  t.equal(mpd.periods.length, 2);
  const before = { video: 0, audio: 0 };
  for (const set of mpd.periods[0]!.adaptationSets) {
    const all = [set.initialization, ...set.segments.map((segment) => segment.file)];
    const media = await probeSegments(all.map((file) => path.join(folder, file)));
    t.same(media.errors, []);
    before[set.contentType as 'video' | 'audio'] = media.frameCount;
  }
  t.ok(before.video >= first.frame - 45, `${before.video} of ${first.frame} frames survive`);
  t.ok(before.audio >= first.packet - 75, `${before.audio} of ${first.packet} packets survive`);
  for (const set of mpd.periods.flatMap((period) => period.adaptationSets)) {
    for (const { file } of set.segments) {
      const known = [...first.segments, ...second.segments].some(
        (s) => s.path === `${FOLDER}/${file}`,
      );
      t.ok(known, `${file} was announced`);
    }
  }
  t.equal(
    new Set(
      mpd.periods.flatMap((p) => p.adaptationSets.flatMap((s) => s.segments.map((x) => x.file))),
    ).size,
    (await readdir(folder)).filter((file) => /seg_\d+\.m4s$/.test(file)).length,
    'every file is in the manifest once',
  );
});

t.test('a crash before the first manifest loses no segment', async (t) => {
  const first = new SimulatedPublisher(t, REPORTS);
  await first.run(1.9);
  const root = await crash(t, first);
  const second = new SimulatedPublisher(t, { startUs: NOON_US + 30e6, ...REPORTS }, root);
  await second.run(3);
  await second.recording.close();
  const mpd = readMpd(await readFile(path.join(root, FOLDER, 'manifest.mpd'), 'utf8'));
  t.equal(mpd.periods.length, 2);
  t.same(
    mpd.periods[0]!.adaptationSets.map((set) => [set.codecs, set.segments.length, set.width ?? 0]),
    [
      ['avc1.42c00d', 1, 320],
      ['opus', 1, 0],
    ],
  );
});
