import { H264ParameterSets } from '../../src/codecs/h264/parameter-sets.ts';
import { OpusConfiguration } from '../../src/codecs/opus/configuration.ts';
import { mp4 } from '../../src/containers/mp4/container.ts';
import { initializationSegment } from '../../src/containers/mp4/initialization-segment.ts';
import { trackFormat } from '../../src/containers/track-format.ts';
import type {
  ManifestPeriod,
  ManifestTrack,
  Presentation,
} from '../../src/manifest/presentation.ts';
import { SegmentTimeline } from '../../src/manifest/segment-timeline.ts';
import type { TrackKind } from '../../src/media/access-unit.ts';
import type { Sample } from '../../src/media/sample.ts';
import { segment } from '../containers/mp4/encoded-media.ts';
import { audioPackets, type VideoClip, videoFrames } from '../publisher/clip.ts';

/** Seconds of each segment: the fixtures' distance between keyframes. */
const SEGMENT_SECONDS = 2;
const SEGMENTS_A_PERIOD = 3;

/** A recording: its manifest's model, and its files by name. */
export interface Recording {
  presentation: Presentation;
  files: Map<string, Buffer>;
}

/** Where the audio of a Period lies beside its 6 s of video. */
export interface AudioSpan {
  /** How long after the video it begins, ms; negative: before. */
  delayMs: number;
  /** Packets of 20 ms; 300 are as long as the video. */
  packets: number;
}

/** A day folder with two Periods of 6 s of picture each, a minute apart: 320×180, then 640×360. */
export async function recordTwoPeriods(
  dayStartUs: number,
  audio: [AudioSpan, AudioSpan],
): Promise<Recording> {
  const files = new Map<string, Buffer>();
  const periods: ManifestPeriod[] = [];
  const clips: VideoClip[] = ['flash-and-beep.h264', 'moving-640x360.h264'];
  for (const [i, clip] of clips.entries()) {
    const startSeconds = dayStartUs / 1e6 + 3600 + i * 60;
    periods.push({
      id: String(i + 1),
      ended: true,
      video: await recordVideo(clip, startSeconds, i, files),
      audio: await recordAudio(
        startSeconds + audio[i]!.delayMs / 1000,
        audio[i]!.packets,
        i,
        files,
      ),
    });
  }
  return {
    presentation: { dayStartUs, live: false, segmentSeconds: SEGMENT_SECONDS, periods },
    files,
  };
}

async function recordVideo(
  clip: VideoClip,
  startSeconds: number,
  period: number,
  files: Map<string, Buffer>,
): Promise<ManifestTrack> {
  const sets = new H264ParameterSets();
  const frames = videoFrames(clip).slice(0, 30 * SEGMENT_SECONDS * SEGMENTS_A_PERIOD);
  const samples = frames.map(({ keyframe, units }, i) => ({
    time: Math.round(startSeconds * 90_000) + i * 3000,
    duration: 3000,
    keyframe,
    parts: sets.strip(units),
  }));
  const configuration = sets.current()!;
  const initialization = period === 0 ? 'init.m4s' : `init_${period + 1}.m4s`;
  files.set(initialization, initializationSegment(trackFormat(mp4, configuration)));
  const { codecString, width, height } = configuration;
  const track: ManifestTrack = {
    kind: 'video',
    container: 'mp4',
    codecs: codecString,
    timescale: 90_000,
    initialization,
    startNumber: 1 + period * SEGMENTS_A_PERIOD,
    width,
    height,
    timeline: new SegmentTimeline(),
    bytes: 0,
  };
  cut(track, samples, 30, files, 'seg');
  return track;
}

async function recordAudio(
  startSeconds: number,
  packetCount: number,
  period: number,
  files: Map<string, Buffer>,
): Promise<ManifestTrack> {
  const packets = audioPackets().slice(0, packetCount);
  const samples = packets.map((packet, i) => ({
    time: Math.round(startSeconds * 48_000) + i * 960,
    duration: 960,
    keyframe: true,
    parts: [packet],
  }));
  const initialization = period === 0 ? 'audio_init.m4s' : `audio_init_${period + 1}.m4s`;
  files.set(initialization, initializationSegment(trackFormat(mp4, new OpusConfiguration(2))));
  const track: ManifestTrack = {
    kind: 'audio',
    container: 'mp4',
    codecs: 'opus',
    timescale: 48_000,
    initialization,
    startNumber: 1 + period * SEGMENTS_A_PERIOD,
    channels: 2,
    timeline: new SegmentTimeline(),
    bytes: 0,
  };
  cut(track, samples, 50, files, 'audio_seg');
  return track;
}

/** Cuts samples into segments of chunks of a second. */
function cut(
  track: ManifestTrack & { kind: TrackKind },
  samples: Sample[],
  samplesASecond: number,
  files: Map<string, Buffer>,
  prefix: string,
): void {
  const step = samplesASecond * SEGMENT_SECONDS;
  for (let i = 0; i < samples.length; i += step) {
    const part = samples.slice(i, i + step);
    const number = track.startNumber + track.timeline.count;
    const bytes = segment(track.kind, part, samplesASecond);
    files.set(`${prefix}_${String(number).padStart(4, '0')}.m4s`, bytes);
    track.bytes += bytes.length;
    track.timeline.add(part[0]!.time, part.length * part[0]!.duration);
  }
}
