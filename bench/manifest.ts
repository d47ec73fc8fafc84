import { writeMpd } from '../src/manifest/mpd.ts';
import { readMpd } from '../src/manifest/mpd-reader.ts';
import type { ManifestTrack } from '../src/manifest/presentation.ts';
import { SegmentTimeline } from '../src/manifest/segment-timeline.ts';

const DAY_US = Date.UTC(2025, 6, 1) * 1000;
/** Of segments of two seconds. */
const SEGMENTS = 43_200;
const TURNS = 10;

/** Segments of which hardly one is as long as the one before. */
function timelineOf(timescale: number): SegmentTimeline {
  const timeline = new SegmentTimeline();
  let time = (DAY_US / 1e6) * timescale;
  for (let n = 0; n < SEGMENTS; n++) {
    const duration = 2 * timescale + ((n * 7919) % 37);
    timeline.add(time, duration);
    time += duration;
  }
  return timeline;
}

/** Prints what it costs to read the manifest of a whole day, as each refresh of a live range does. */
export async function run(): Promise<void> {
  const common = { container: 'mp4', startNumber: 1, bytes: 1e9 } as const;
  const video: ManifestTrack = {
    ...{ ...common, kind: 'video', codecs: 'avc1.42e01f', width: 1280, height: 720 },
    ...{ initialization: 'init.m4s', timescale: 90_000, timeline: timelineOf(90_000) },
  };
  const audio: ManifestTrack = {
    ...{ ...common, kind: 'audio', codecs: 'opus', channels: 2 },
    ...{ initialization: 'audio_init.m4s', timescale: 48_000, timeline: timelineOf(48_000) },
  };
  const presentation = { dayStartUs: DAY_US, live: true, segmentSeconds: 2 };
  const periods = [{ id: '1', ended: false, video, audio }];
  const text = writeMpd({ ...presentation, periods }, { nowUs: DAY_US });
  readMpd(text);
  // Others share the machine: processor time.
  const start = process.threadCpuUsage();
  for (let turn = 0; turn < TURNS; turn++) readMpd(text);
  const { user, system } = process.threadCpuUsage(start);
  const ms = ((user + system) / 1000 / TURNS).toFixed(1);
  console.log(`a manifest of ${(text.length / 1e6).toFixed(2)} MB: ${ms} ms`);
}

if (import.meta.main) await run();
