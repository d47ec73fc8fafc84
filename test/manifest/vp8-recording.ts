import { OpusConfiguration } from '../../src/codecs/opus/configuration.ts';
import type { TrackFormat } from '../../src/containers/container.ts';
import { containerNamed, timescaleOf } from '../../src/containers/registry.ts';
import { trackFormat } from '../../src/containers/track-format.ts';
import { initializationName, segmentName } from '../../src/layout/file-names.ts';
import type { ManifestPeriod, ManifestTrack } from '../../src/manifest/presentation.ts';
import { SegmentTimeline } from '../../src/manifest/segment-timeline.ts';
import type { ContainerName } from '../../src/media/container-name.ts';
import type { Sample } from '../../src/media/sample.ts';
import { encodeFrames } from '../codecs/encoded-frames.ts';
import { audioPackets } from '../publisher/clip.ts';
import type { Recording } from './two-periods.ts';

/** Seconds of each segment, and from one keyframe to the next. */
const SEGMENT_SECONDS = 2;
const SEGMENTS_A_PERIOD = 3;
const FRAME_RATE = 30;

/** What a Period is made of: six seconds of VP8 in WebM, and of Opus. */
export interface Vp8Period {
  width: number;
  height: number;
  soundIn: ContainerName;
  /** Where it begins, seconds into the day. */
  atSeconds: number;
}

/** A day folder of VP8, its Periods as they are asked for. */
export async function recordVp8(
  folder: string,
  dayStartUs: number,
  periods: Vp8Period[],
): Promise<Recording> {
  const files = new Map<string, Buffer>();
  const recorded: ManifestPeriod[] = [];
  for (const [index, { width, height, soundIn, atSeconds }] of periods.entries()) {
    const startSeconds = dayStartUs / 1e6 + atSeconds;
    const frames = await encodeFrames(folder, 'vp8', {
      ...{ width, height },
      frames: FRAME_RATE * SEGMENT_SECONDS * SEGMENTS_A_PERIOD,
      keyframeInterval: FRAME_RATE * SEGMENT_SECONDS,
    });
    const webm = timescaleOf({ kind: 'video', container: 'webm' });
    const sampleEntry = { type: 'V_VP8' };
    const format = { kind: 'video', timescale: webm, sampleEntry, width, height } as const;
    const video = openTrack(files, index, 'webm', format, { codecs: 'vp8', width, height });
    write(files, video, startSeconds, frames, FRAME_RATE);

    const sound = trackFormat(containerNamed(soundIn), new OpusConfiguration(2));
    const rate = sound.timescale === 48_000 ? {} : { samplingRate: 48_000 };
    const audio = openTrack(files, index, soundIn, sound, { codecs: 'opus', channels: 2, ...rate });
    const packets = audioPackets().slice(0, 50 * SEGMENT_SECONDS * SEGMENTS_A_PERIOD);
    write(files, audio, startSeconds + 0.013, packets, 50);
    recorded.push({ id: String(index + 1), ended: true, video, audio });
  }
  const presentation = {
    ...{ dayStartUs, live: false, segmentSeconds: SEGMENT_SECONDS },
    periods: recorded,
  };
  return { presentation, files };
}

function openTrack(
  files: Map<string, Buffer>,
  index: number,
  container: ContainerName,
  format: TrackFormat,
  description: Pick<ManifestTrack, 'codecs' | 'width' | 'height' | 'channels' | 'samplingRate'>,
): ManifestTrack {
  const { kind, timescale } = format;
  const initialization = initializationName(kind, index + 1, container);
  files.set(initialization, containerNamed(container).initialization(format));
  return {
    ...{ kind, container, timescale, initialization, ...description },
    startNumber: 1 + index * SEGMENTS_A_PERIOD,
    timeline: new SegmentTimeline(),
    bytes: 0,
  };
}

/** Writes segments in chunks of a second, each with its head. */
function write(
  files: Map<string, Buffer>,
  track: ManifestTrack,
  startSeconds: number,
  units: readonly Buffer[],
  aSecond: number,
): void {
  const { kind, timescale } = track;
  const container = containerNamed(track.container);
  const timeOf = (index: number) => Math.round((startSeconds + index / aSecond) * timescale);
  const samples = units.map((unit, i): Sample => {
    const time = timeOf(i);
    const keyframe = kind === 'audio' || i % (aSecond * SEGMENT_SECONDS) === 0;
    return { time, duration: timeOf(i + 1) - time, keyframe, parts: [unit] };
  });
  for (let i = 0; i < samples.length; i += aSecond * SEGMENT_SECONDS) {
    const startTime = samples[i]!.time;
    const endTime = timeOf(i + aSecond * SEGMENT_SECONDS);
    const [startUs, endUs] = [startTime, endTime].map((time) => (time / timescale) * 1e6);
    const span = { startTime, endTime, startUs: startUs!, endUs: endUs! };
    const { initialization, startNumber, timeline } = track;
    const buffers = [container.head(span, { initialization, period: 'p1' })];
    for (let second = 0; second < SEGMENT_SECONDS; second++) {
      const from = i + second * aSecond;
      const chunk = container.chunk({
        ...{ kind, isLengthPrefixed: false, sequenceNumber: 1 + from / aSecond },
        samples: samples.slice(from, from + aSecond),
      });
      buffers.push(...chunk.buffers);
    }
    const bytes = Buffer.concat(buffers);
    files.set(segmentName(kind, startNumber + timeline.count, track.container), bytes);
    track.bytes += bytes.length;
    timeline.add(startTime, endTime - startTime);
  }
}
