import type { Test } from 'tap';
import { type TestApp, testApp } from '../http/test-app.ts';
import { encodeCodecClip } from '../recording/every-codec/codec-clips.ts';
import {
  type SimulatedFrame,
  type SimulatedOptions,
  SimulatedPublisher,
} from '../recording/simulated-publisher.ts';
import { encodeClockPictures } from './clock-pictures.ts';

const SECOND_US = 1e6;
const HOUR_US = 3600 * SECOND_US;
const DAY_US = 24 * HOUR_US;

/** Records what a simulated publisher of a stream sends. */
export async function recordStream(
  t: Test,
  app: TestApp,
  stream: string,
  options: SimulatedOptions,
  act: (publisher: SimulatedPublisher) => Promise<void>,
): Promise<void> {
  const whole = { videoReportUs: 0, audioReportUs: 0, recording: { stream }, ...options };
  const publisher = new SimulatedPublisher(t, whole, app.root);
  await act(publisher);
  await publisher.recording.close();
  for (const segment of publisher.segments) await app.segmentIndex.add(segment);
}

/** A console with the recordings of some streams over the week before today. */
export interface RecordedWeek extends TestApp {
  /** Address of the console, with a slash. */
  url: string;
  /** When yesterday began by UTC, ms since the Unix epoch. */
  yesterdayMs: number;
  /** When yesterday's pictures of `cam3` began, whose numbers are those of `encodeClockPictures`. */
  clockMs: number;
}

/**
 * Records some seconds of each day: `cam1` and `cam3` in H264, `cam2` in VP9, and not on one of the days.
 * Yesterday, by UTC, all have the time from 14:04:50 on for half a minute; at 18:00 `cam1` loses its
 * publisher for 15 s and has another picture size from then on; `cam3` is recorded over midnight.
 * `cam4` was there yesterday at 14:04:50 alone, in VP8; its pictures then, and those of `cam3`, say
 * their numbers.
 */
export async function recordedWeek(t: Test): Promise<RecordedWeek> {
  const app = await testApp(t);
  const size = { width: 320, height: 180, frames: 60 };
  const { frames } = await encodeCodecClip(t.testdir(), 'vp9', size);
  const numbered = {
    cam3: await encodeClockPictures(t.testdirName, 'h264', 900),
    cam4: await encodeClockPictures(t.testdirName, 'vp8', 900),
  };
  const todayUs = Math.floor(Date.now() / 86_400_000) * DAY_US;
  const yesterdayUs = todayUs - DAY_US;
  const run = (seconds: number) => (publisher: SimulatedPublisher) => publisher.run(seconds);

  const record = (
    stream: string,
    startUs: number,
    act: (publisher: SimulatedPublisher) => Promise<void>,
    pictures: readonly SimulatedFrame[] | undefined = stream === 'cam2' ? frames : undefined,
  ) => recordStream(t, app, stream, { startUs, ...(pictures && { frames: pictures }) }, act);

  const streams = ['cam1', 'cam2', 'cam3'];
  for (let days = 7; days >= 2; days--) {
    for (const stream of streams) {
      if (stream === 'cam2' && days === 4) continue;
      await record(stream, todayUs - days * DAY_US + 8 * HOUR_US, run(6));
    }
  }
  const clockUs = yesterdayUs + 14 * HOUR_US + 290 * SECOND_US;
  for (const stream of [...streams, 'cam4']) {
    await record(stream, clockUs, run(30), numbered[stream as keyof typeof numbered]);
  }
  await record('cam1', yesterdayUs + 18 * HOUR_US, async (publisher) => {
    await publisher.run(8);
    publisher.recording.detach();
    await publisher.run(15, () => true);
    publisher.clip = 'moving-640x360.h264';
    publisher.attach();
    await publisher.run(8);
  });
  await record('cam3', todayUs - 6 * SECOND_US, run(12));
  const origin = await app.app.listen({ host: '127.0.0.1', port: 0 });
  return { ...app, url: `${origin}/`, yesterdayMs: yesterdayUs / 1000, clockMs: clockUs / 1000 };
}
