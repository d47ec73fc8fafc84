import { withJoinedFile } from './joined-file.ts';
import { runTool } from './tool.ts';

/** One elementary stream as ffprobe names it. */
export interface ProbedStream {
  codecType: 'video' | 'audio';
  codecName: string;
  /** Ticks a second of {@link ProbedMedia.pts}. */
  timescale: number;
  /** Pixels; undefined for sound. */
  width?: number;
  height?: number;
  /** As ffprobe says them; undefined for sound, and where it says none. */
  profile?: string;
  level?: number;
  pixelFormat?: string;
  /** Undefined for pictures. */
  sampleRate?: number;
  channels?: number;
}

/** What ffprobe found by decoding an initialization segment and the media segments after it. */
export interface ProbedMedia {
  streams: ProbedStream[];
  /** Samples of the file, decodable or not. */
  packetCount: number;
  /** Frames that were decoded. */
  frameCount: number;
  /** Presentation timestamp of each decoded frame, ticks of the stream's timescale. */
  pts: number[];
  /** Presentation timestamps of the keyframes among the packets. */
  keyframePts: number[];
  /** Lines that ffprobe wrote at level error; a sound segment leaves none. */
  errors: string[];
}

interface FfprobeOutput {
  streams?: Record<string, string | number>[];
  packets_and_frames?: { type: string; pts?: number; flags?: string }[];
}

/** Decodes one segment after its initialization segment. @param init, segment paths of files */
export function probeSegment(init: string, segment: string): Promise<ProbedMedia> {
  return probeSegments([init, segment]);
}

/**
 * Decodes an initialization segment and any number of its media segments with ffprobe.
 * @param files paths, the initialization segment first
 * @throws Error when ffprobe cannot make anything of the file
 */
export function probeSegments(files: string[]): Promise<ProbedMedia> {
  return withJoinedFile(files, async (path) => {
    const { stdout, stderr } = await runTool('ffprobe', [
      ...['-v', 'error', '-of', 'json', '-show_streams', '-show_frames', '-show_packets'],
      ...['-show_entries', 'frame=pts:packet=pts,flags', path],
    ]);
    const output: FfprobeOutput = JSON.parse(stdout.toString());
    const entries = output.packets_and_frames ?? [];
    const frames = entries.filter((entry) => entry.type === 'frame');
    const packets = entries.filter((entry) => entry.type === 'packet');
    const keyframes = packets.filter(({ flags }) => flags?.startsWith('K'));
    return {
      streams: (output.streams ?? []).map(probedStream),
      packetCount: packets.length,
      frameCount: frames.length,
      pts: frames.map((frame) => frame.pts!),
      keyframePts: keyframes.map((packet) => packet.pts!),
      errors: stderr.split('\n').filter((line) => line !== ''),
    };
  });
}

function probedStream(stream: Record<string, string | number>): ProbedStream {
  const video = stream.codec_type === 'video';
  return {
    codecType: video ? 'video' : 'audio',
    codecName: String(stream.codec_name),
    timescale: Number(String(stream.time_base).split('/')[1]),
    ...(video && {
      width: Number(stream.width),
      height: Number(stream.height),
      profile: String(stream.profile),
      level: Number(stream.level),
      pixelFormat: String(stream.pix_fmt),
    }),
    ...(!video && { sampleRate: Number(stream.sample_rate), channels: Number(stream.channels) }),
  };
}
