import { readFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { toUs } from '../../src/media/media-time.ts';
import { readMpd } from '../media/read-mpd.ts';
import { NOON_US, SimulatedPublisher } from './simulated-publisher.ts';

const FOLDER = 'cam1/2026/03/04';
const REPORTS = { videoReportUs: 0, audioReportUs: 0 };
const HOUR_TICKS = 3600 * 48_000;

/** Ends, in seconds since the start, and how long all Periods of the day are. */
async function measure(publisher: SimulatedPublisher) {
  const { periods } = readMpd(
    await readFile(path.join(publisher.root, FOLDER, 'manifest.mpd'), 'utf8'),
  );
  const seconds = periods.map(({ adaptationSets }) =>
    Math.max(
      ...adaptationSets.map(({ segments, timescale }) => {
        const { time, duration } = segments.at(-1)!;
        return (time + duration - segments[0]!.time) / timescale;
      }),
    ),
  );
  return {
    total: seconds.reduce((sum, length) => sum + length, 0),
    videoEnd: (publisher.of('video').at(-1)!.endUs - NOON_US) / 1e6,
    audioEnd: (publisher.of('audio').at(-1)!.endUs - NOON_US) / 1e6,
  };
}

for (const reports of [REPORTS, {}]) {
  for (const isAnnounced of [true, false]) {
    for (const leap of [-HOUR_TICKS, HOUR_TICKS, -5 * HOUR_TICKS]) {
      const how = `${isAnnounced ? 'another SSRC' : 'a jump'} of ${leap / HOUR_TICKS} h`;
      const what = `${how}, ${'videoReportUs' in reports ? 'with' : 'without'} reports`;
      t.test(`sound that waits for the first picture starts anew: ${what}`, async (t) => {
        const publisher = new SimulatedPublisher(t, reports);
        const { recording } = publisher;
        const noPicture = (kind: string) => kind === 'video' && 'never sent';
        await publisher.run(1, noPicture);
        publisher.leap.audio = leap;
        if (isAnnounced) recording.restartTrack('audio');
        await publisher.run(0.99, noPicture);
        await publisher.run(2.5);
        recording.detach();
        await publisher.run(0.99, () => 'never sent');
        publisher.attach();
        await publisher.run(5);
        await recording.close();
        const { total, videoEnd, audioEnd } = await measure(publisher);
        t.ok(total > 8 && total < 10.5, `${total} s in all`);
        const end = (publisher.nowUs - NOON_US) / 1e6;
        t.ok(Math.abs(videoEnd - end) < 0.1, `the picture ends at ${videoEnd} of ${end}`);
        t.ok(Math.abs(audioEnd - end) < 0.1, `the sound ends at ${audioEnd} of ${end}`);
        t.ok(toUs(recording.end) <= publisher.nowUs + 100_000, 'nothing is ahead of the clock');
        t.equal(recording.dropped.late, 0);
      });
    }
  }
}
