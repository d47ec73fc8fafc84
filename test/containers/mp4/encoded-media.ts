import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import type { H264ParameterSets } from '../../../src/codecs/h264/parameter-sets.ts';
import { writeChunk } from '../../../src/containers/mp4/chunk.ts';
import type { TrackKind } from '../../../src/media/access-unit.ts';
import type { Sample } from '../../../src/media/sample.ts';
import { accessUnits, nalType, nalUnits } from '../../publisher/annex-b.ts';
import { readOggOpus } from '../../publisher/ogg-opus.ts';

const execute = promisify(execFile);

/**
 * Runs a program and gives what it wrote.
 * @throws Error with its standard error when it fails
 */
export async function run(
  program: 'ffmpeg' | 'ffprobe',
  args: string[],
): Promise<{ stdout: string; stderr: string }> {
  return execute(program, args, { maxBuffer: 64 * 1024 * 1024 });
}

/** True where ffmpeg and ffprobe can be run; else skips the test, or fails it under `CI=true`. */
export async function requireFfmpeg(t: Test): Promise<boolean> {
  try {
    await run('ffmpeg', ['-version']);
    await run('ffprobe', ['-version']);
    return true;
  } catch {
    const mend = 'no ffmpeg and ffprobe: apt-get install ffmpeg';
    if (process.env.CI === 'true') t.fail(mend);
    else t.pass(mend, { skip: mend });
    return false;
  }
}

/** What libx264 is asked for: constrained baseline without delay, as WebRTC encoders give. */
const BASELINE = ['-profile:v', 'baseline', '-pix_fmt', 'yuv420p'];

/**
 * Encodes a moving test picture.
 * @param options.encoder arguments for libx264, else baseline 4:2:0
 * @returns the Annex B file and its access units
 */
export async function encodeH264(
  folder: string,
  options: {
    width: number;
    height: number;
    frames: number;
    keyframeInterval: number;
    encoder?: string[];
  },
): Promise<{ file: string; units: Buffer[][] }> {
  const { width, height, frames, keyframeInterval } = options;
  const encoder = options.encoder ?? BASELINE;
  const file = join(folder, `${width}x${height}-${encoder.join('')}.h264`);
  await run('ffmpeg', [
    ...['-v', 'error', '-y', '-f', 'lavfi', '-i', `testsrc2=size=${width}x${height}:rate=30`],
    // The source rounds to even sizes.
    ...['-vf', `scale=${width}:${height}`],
    ...['-frames:v', String(frames), '-c:v', 'libx264', '-preset', 'ultrafast'],
    ...['-tune', 'zerolatency', ...encoder, '-x264-params'],
    `keyint=${keyframeInterval}:min-keyint=${keyframeInterval}:scenecut=0:repeat-headers=1:threads=1`,
    ...['-f', 'h264', file],
  ]);
  return { file, units: accessUnits(nalUnits(await readFile(file))) };
}

/** Encodes a tone as Opus packets of 20 ms. */
export async function encodeOpus(
  folder: string,
  options: { channels: 1 | 2; packets: number },
): Promise<{ file: string; packets: Buffer[] }> {
  const file = join(folder, `tone-${options.channels}.ogg`);
  const tone = `sine=frequency=440:sample_rate=48000:duration=${options.packets / 50 + 1}`;
  await run('ffmpeg', [
    ...['-v', 'error', '-y', '-f', 'lavfi', '-i', tone, '-ac', String(options.channels)],
    ...['-c:a', 'libopus', '-frame_duration', '20', file],
  ]);
  const { packets } = readOggOpus(await readFile(file));
  return { file, packets: packets.slice(0, options.packets) };
}

/** Puts access units on the timeline at 30 frames a second of 90 kHz. */
export function videoSamples(
  units: Buffer[][],
  startTicks: number,
  parameterSets: H264ParameterSets,
): Sample[] {
  return units.map((parts, i) => ({
    time: startTicks + i * 3000,
    duration: 3000,
    keyframe: parts.some((part) => nalType(part) === 5),
    parts: parameterSets.strip(parts),
  }));
}

/** Puts Opus packets of 20 ms on the timeline at 48 kHz. */
export function audioSamples(packets: Buffer[], startTicks: number): Sample[] {
  return packets.map((packet, i) => ({
    time: startTicks + i * 960,
    duration: 960,
    keyframe: true,
    parts: [packet],
  }));
}

/** The bytes of one segment file, in chunks of a number of samples. */
export function segment(kind: TrackKind, samples: Sample[], samplesPerChunk: number): Buffer {
  const buffers: Buffer[] = [];
  for (let i = 0; i < samples.length; i += samplesPerChunk) {
    const chunk = writeChunk({
      kind,
      isLengthPrefixed: kind === 'video',
      sequenceNumber: 1 + i / samplesPerChunk,
      samples: samples.slice(i, i + samplesPerChunk),
    });
    buffers.push(...chunk.buffers);
  }
  return Buffer.concat(buffers);
}

/** A packet or frame as ffprobe lists it. */
export interface ProbedPacket {
  pts: number;
  duration: number;
  size: number;
  flags: string;
}

/** What ffprobe says of a file with one track; fails where it has anything to complain of. */
export async function probe(file: string): Promise<{
  stream: Record<string, string | number>;
  packets: ProbedPacket[];
}> {
  const { stdout, stderr } = await run('ffprobe', [
    ...['-v', 'error', '-show_streams', '-show_packets', '-of', 'json', file],
  ]);
  if (stderr !== '') throw new Error(`ffprobe complains: ${stderr}`);
  const { streams, packets } = JSON.parse(stdout);
  for (const packet of packets) packet.size = Number(packet.size);
  return { stream: streams[0], packets };
}

/** Decodes all of a file; one hash for each frame. Fails where ffmpeg has anything to complain of. */
export async function decodedFrames(file: string): Promise<string[]> {
  const { stdout, stderr } = await run('ffmpeg', [
    ...['-v', 'error', '-i', file, '-fps_mode', 'passthrough', '-f', 'framemd5', '-'],
  ]);
  if (stderr !== '') throw new Error(`ffmpeg complains: ${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',').at(-1)!.trim());
}
