import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import { SimulatedPublisher } from './simulated-publisher.ts';

/** Until the reports come, some segments are complete, and none has its final times. */
const LATE_REPORTS = { videoReportUs: 5_500_000, audioReportUs: 5_500_000 };

for (const [name, options] of Object.entries({
  'as they are': {},
  'later than was thought': { audioDelayUs: 180_000 },
  'earlier than was thought': { videoDelayUs: 180_000 },
})) {
  for (const blocked of ['seg_0001.m4s', 'seg_0002.m4s', 'audio_seg_0001.m4s']) {
    t.test(`${blocked} cannot be committed with those that follow, ${name}`, async (t) => {
      const publisher = new SimulatedPublisher(t, { ...LATE_REPORTS, ...options });
      const { recording } = publisher;
      const folder = path.join(publisher.root, path.dirname(recording.manifestPath));
      const step = async () => {
        await publisher.run(0.5);
        await recording.written();
      };
      for (let steps = 0; steps < 5; steps++) await step();
      t.same(publisher.segments, []);
      // No file can be given this name.
      await mkdir(path.join(folder, blocked));
      while (recording.error === undefined) await step();
      t.match(recording.error, /EISDIR/);
      await rm(path.join(folder, blocked), { recursive: true });
      while (recording.error !== undefined) await step();
      await publisher.run(5);
      await recording.close();

      const { findings } = await verifyRecording(folder);
      t.same(
        findings.filter(({ damage }) => damage),
        [],
      );
      const files = (await readdir(folder)).filter((file) => file.includes('seg_'));
      const told = publisher.segments.map((segment) => path.basename(segment.path));
      t.same(told.toSorted(), files.toSorted(), 'each is told of once');
    });
  }
}
