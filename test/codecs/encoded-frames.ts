import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from '../media/tool.ts';

/** The name of each codec in an IVF file. */
const fourCcs = { vp8: 'VP80', vp9: 'VP90', av1: 'AV01' };

/** Codecs that IVF files hold. */
export type IvfCodec = keyof typeof fourCcs;

/** Encoders that give what a WebRTC sender would: no delay, no pictures that are not shown. */
const encoders: Record<IvfCodec, string[]> = {
  vp8: ['libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-lag-in-frames', '0'],
  vp9: ['libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-lag-in-frames', '0'],
  av1: ['libaom-av1', '-usage', 'realtime', '-cpu-used', '8', '-lag-in-frames', '0'],
};

/** What is encoded, and how. */
export interface EncodingOptions {
  width: number;
  height: number;
  frames: number;
  keyframeInterval: number;
  /** ffmpeg's name of a format, else `yuv420p`. */
  pixelFormat?: string;
  /** More arguments for the encoder. */
  encoder?: string[];
}

/** Arguments for ffmpeg that encode a moving test picture. */
export function encodingArguments(options: EncodingOptions): string[] {
  const { width, height, frames, keyframeInterval } = options;
  return [
    ...['-v', 'error', '-y', '-f', 'lavfi', '-i', `testsrc2=size=${width}x${height}:rate=30`],
    // The source rounds to even sizes.
    ...['-vf', `scale=${width}:${height}`, '-pix_fmt', options.pixelFormat ?? 'yuv420p'],
    ...['-frames:v', String(frames), '-g', String(keyframeInterval), '-threads', '1'],
  ];
}

/** Encodes a moving test picture and gives its frames (AV1: temporal units). */
export async function encodeFrames(
  folder: string,
  codec: IvfCodec,
  options: EncodingOptions,
): Promise<Buffer[]> {
  const file = join(folder, `${codec}-${options.width}x${options.height}.ivf`);
  const encoder = ['-c:v', ...encoders[codec], ...(options.encoder ?? []), '-f', 'ivf', file];
  await runTool('ffmpeg', [...encodingArguments(options), ...encoder]);
  return readIvf(await readFile(file));
}

/** The frames of an IVF file. */
export function readIvf(file: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = file.readUInt16LE(6); at < file.length; ) {
    const length = file.readUInt32LE(at);
    frames.push(file.subarray(at + 12, at + 12 + length));
    at += 12 + length;
  }
  return frames;
}

/** An IVF file of these frames. */
export function writeIvf(
  codec: IvfCodec,
  size: { width: number; height: number },
  frames: readonly Buffer[],
): Buffer {
  const head = Buffer.alloc(32);
  head.write(`DKIF\0\0 \0${fourCcs[codec]}`, 'latin1');
  head.writeUInt16LE(size.width, 12);
  head.writeUInt16LE(size.height, 14);
  head.writeUInt32LE(30, 16);
  head.writeUInt32LE(1, 20);
  head.writeUInt32LE(frames.length, 24);
  const chunks = frames.flatMap((frame, index) => {
    const frameHead = Buffer.alloc(12);
    frameHead.writeUInt32LE(frame.length);
    frameHead.writeUInt32LE(index, 4);
    return [frameHead, frame];
  });
  return Buffer.concat([head, ...chunks]);
}
