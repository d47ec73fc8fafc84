import path from 'node:path';
import t from 'tap';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import { repeat } from '../thoroughness.ts';
import { SimulatedPublisher } from './simulated-publisher.ts';

const REPORTS = { videoReportUs: 300_000, audioReportUs: 500_000 };

// Another layer has a timeline of its own, so a Period begins; the sound knows nothing of it.
for (const [when, at] of Object.entries({ 'at a keyframe': 5.98, 'a second before one': 6.98 })) {
  t.test(`no sound is lost where another layer of the picture comes, ${when}`, async (t) => {
    for (const audioDelayUs of repeat(
      [0, 30_000, 60_000, 150_000, 300_000],
      [0, 60_000, 300_000],
    )) {
      const publisher = new SimulatedPublisher(t, { ...REPORTS, segmentSeconds: 10, audioDelayUs });
      await publisher.run(at);
      publisher.recording.restartTrack('video');
      await publisher.run(4);
      await publisher.recording.close();
      const { dropped, periods } = publisher.recording;
      const { late, unwritten } = dropped;
      const what = `sound under way for ${audioDelayUs} µs`;
      t.same({ late, unwritten }, { late: 0, unwritten: 0 }, what);
      t.same(periods, { start: 1, 'timeline-restart': 1 });
      const { findings } = await verifyRecording(path.join(publisher.root, 'cam1/2026/03/04'));
      // Where the first Period begins, the reports have not told yet that the sound is under way for longer.
      const others = findings.filter(({ message }) => !message.includes('p1: audio begins'));
      t.same(others, [], `whole, and its tracks as long as each other: ${what}`);
    }
  });
}

t.test('sound that ends where another layer comes leaves no Period open', async (t) => {
  const publisher = new SimulatedPublisher(t, {
    ...REPORTS,
    segmentSeconds: 10,
    audioDelayUs: 60_000,
  });
  await publisher.run(5.98);
  publisher.recording.restartTrack('video');
  await publisher.run(5, (kind) => kind === 'audio');
  await publisher.recording.close();
  const { findings } = await verifyRecording(path.join(publisher.root, 'cam1/2026/03/04'));
  t.same(findings, []);
});

t.test('a publisher that leaves before the picture of another layer comes', async (t) => {
  const publisher = new SimulatedPublisher(t, {
    ...REPORTS,
    segmentSeconds: 10,
    audioDelayUs: 60_000,
  });
  await publisher.run(5.98);
  publisher.recording.restartTrack('video');
  await publisher.run(0.2, (kind) => kind === 'video' && 'never sent');
  publisher.recording.detach();
  await publisher.run(1, () => 'never sent');
  publisher.attach();
  await publisher.run(4);
  await publisher.recording.close();
  const { findings } = await verifyRecording(path.join(publisher.root, 'cam1/2026/03/04'));
  t.same(
    findings.filter(({ kind }) => kind !== 'gap'),
    [],
  );
});
