import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodedFrames, run } from '../containers/mp4/encoded-media.ts';
import { accessUnits, nalType, nalUnits } from '../publisher/annex-b.ts';
import type { SimulatedFrame } from './simulated-publisher.ts';

/** What an encoder made, in the order in which it sends it. */
export interface EncodedClip {
  frames: SimulatedFrame[];
  /** Digests of the decoded pictures, in the order in which they are shown. */
  hashes: string[];
}

/**
 * Encodes a moving test picture of 30 frames a second with libx264.
 * @param folder an existing one
 * @param options.profile as libx264 names it
 * @param options.params of libx264, besides keyframes each two seconds without scene cuts
 */
export async function encodeClip(
  folder: string,
  options: { seconds: number; profile: string; params: string },
): Promise<EncodedClip> {
  const { seconds, profile, params } = options;
  const name = join(folder, `${profile}-${params.replace(/[^\w]/g, '_')}`);
  await run('ffmpeg', [
    ...['-v', 'error', '-y', '-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=30:d=${seconds}`],
    ...['-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', profile],
    ...['-x264-params', `keyint=60:min-keyint=60:scenecut=0:repeat-headers=1:${params}`],
    ...['-video_track_timescale', '90000', `${name}.mp4`],
  ]);
  const annexB = ['-c', 'copy', '-bsf:v', 'h264_mp4toannexb', '-f', 'h264', `${name}.h264`];
  await run('ffmpeg', ['-v', 'error', '-y', '-i', `${name}.mp4`, ...annexB]);
  const { stdout } = await run('ffprobe', [
    ...['-v', 'error', '-show_entries', 'packet=pts', '-of', 'csv=p=0', `${name}.mp4`],
  ]);
  const times = stdout.trim().split('\n').map(Number);
  const units = accessUnits(nalUnits(await readFile(`${name}.h264`)));
  if (units.length !== times.length)
    throw new Error(`${units.length} units, ${times.length} times`);
  const frames = units.map((parts, i) => ({
    keyframe: parts.some((part) => nalType(part) === 5),
    units: parts,
    ticks: times[i]! - times[0]!,
  }));
  return { frames, hashes: await decodedFrames(`${name}.mp4`) };
}
