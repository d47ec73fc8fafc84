import t from 'tap';
import { repeat } from '../thoroughness.ts';
import { SimulatedPublisher } from './simulated-publisher.ts';

/** Media is sent for so long before the pause, s. */
const BEFORE = 10;

const REPORTS = {
  'with reports of each track beside its media': { videoReportUs: 3e5, audioReportUs: 5e5 },
  'with reports that come amid the pause': {
    ...{ videoReportUs: 3e5, audioReportUs: 5e5 },
    reportsUntilUs: Number.POSITIVE_INFINITY,
  },
  'without reports': {},
};

for (const [how, reports] of Object.entries(REPORTS)) {
  t.test(`sound after a pause that its timestamps do not tell is kept, ${how}`, async (t) => {
    for (const pause of repeat([2.1, 2.25, 2.5, 3, 4, 4.9], [2.25, 4.5])) {
      for (const phase of repeat([0, 0.06, 0.12, 0.18, 0.24], [0, 0.12])) {
        const publisher = new SimulatedPublisher(t, {
          segmentSeconds: 10,
          ...reports,
          audioCaptureUs: (i) => (i / 50 + (i < (BEFORE + phase) * 50 ? 0 : pause)) * 1e6,
        });
        await publisher.run(BEFORE + pause + 5);
        await publisher.recording.close();
        const what = `${pause} s, ${phase} s after a look at the clocks`;
        t.equal(publisher.recording.dropped.total, 0, `nothing is lost: ${what}`);
        const [picture, sound] = [publisher.of('video').at(-1)!, publisher.of('audio').at(-1)!];
        const apartUs = Math.abs(picture.endUs - sound.endUs);
        t.ok(apartUs < 60_000, `in step, ${apartUs} µs: ${what}`);
      }
    }
  });
}
