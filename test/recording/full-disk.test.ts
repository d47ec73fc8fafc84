import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { smallDisk } from '../files/small-disk.ts';
import { probeSegments } from '../media/probe.ts';
import { readMpd } from '../media/read-mpd.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { SimulatedPublisher } from './simulated-publisher.ts';

const FOLDER = 'cam1/2026/03/04';

t.test('a full disk interrupts the recording, and space brings it back', async (t) => {
  if (!requireFfmpeg(t)) return;
  const disk = smallDisk(t, '2m');
  if (disk === undefined) return;
  // Fills all but enough for some seconds of the clip.
  const filler = path.join(disk, 'filler');
  writeFileSync(filler, Buffer.alloc((2 << 20) - (300 << 10)));

  const publisher = new SimulatedPublisher(t, { videoReportUs: 0, audioReportUs: 0 }, disk);
  for (let i = 0; i < 16; i++) {
    await publisher.run(1);
    await publisher.recording.written();
  }
  t.match(publisher.recording.error, /ENOSPC/, 'the state says what happened');
  const failures = publisher.log.filter((line) => line.startsWith('error'));
  t.ok(failures.length <= 3, `each kind of failure is logged once: ${failures.length} lines`);
  const complete = publisher.segments.length;
  t.ok(complete >= 2, 'what was complete is announced');

  rmSync(filler);
  for (let i = 0; i < 40; i++) {
    await publisher.run(1);
    await publisher.recording.written();
    if (publisher.recording.error === undefined) break;
  }
  t.equal(publisher.recording.error, undefined, 'recording again, by itself');
  await publisher.run(3);
  await publisher.recording.close();

  const folder = path.join(disk, FOLDER);
  const mpd = readMpd(readFileSync(path.join(folder, 'manifest.mpd'), 'utf8'));
  t.equal(mpd.type, 'static');
  t.ok(mpd.periods.length >= 2, 'the hole lies between two Periods');
  const listed: string[] = [];
  for (const set of mpd.periods.flatMap((period) => period.adaptationSets)) {
    const files = set.segments.map((segment) => segment.file);
    listed.push(...files);
    const media = await probeSegments(
      [set.initialization, ...files].map((file) => path.join(folder, file)),
    );
    t.same(media.errors, [], `${set.contentType} from ${files[0]} on is sound`);
  }
  t.same(listed.toSorted(), publisher.segments.map((s) => path.basename(s.path)).toSorted());
  t.same(
    readdirSync(folder).filter((file) => file.endsWith('.part')),
    [],
  );
});

t.test(
  'a disk that is full at once shows within two seconds, and until it has space',
  async (t) => {
    const disk = smallDisk(t, '8m');
    if (disk === undefined) return;
    const publisher = new SimulatedPublisher(t, { videoReportUs: 0, audioReportUs: 0 }, disk);
    const run = async (seconds: number) => {
      const errors: (string | undefined)[] = [];
      for (let i = 0; i < seconds * 2; i++) {
        await publisher.run(0.5);
        await publisher.recording.written();
        errors.push(publisher.recording.error);
      }
      return errors;
    };
    t.same(new Set(await run(5)), new Set([undefined]));
    const filler = path.join(disk, 'filler');
    for (let bytes = 1 << 20; bytes >= 1; bytes >>= 1) {
      try {
        for (;;) writeFileSync(filler, Buffer.alloc(bytes), { flag: 'a' });
      } catch {}
    }
    await run(2);
    for (const error of await run(20)) t.match(error, /ENOSPC/, 'nothing else is said meanwhile');
    rmSync(filler);
    await run(40);
    t.equal(publisher.recording.error, undefined);
    t.equal(publisher.log.filter((line) => /writing again/.test(line)).length, 1);
    await publisher.recording.close();
  },
);
