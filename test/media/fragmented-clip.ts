import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrackKind } from '../../src/media/access-unit.ts';
import { runTool } from './tool.ts';

const SOURCES = { video: 'flash-and-beep.h264', audio: 'flash-and-beep.ogg' };
const PACKETS_PER_SECOND = { video: 30, audio: 50 };
const TIMESCALES = { video: 90_000, audio: 48_000 };

/** What a fragmented file is to hold. */
export interface FragmentedClipOptions {
  /** An existing folder for the files. */
  folder: string;
  kind: TrackKind;
  /** How much of the fixture, seconds. */
  seconds: number;
  /** Presentation time of its first sample: whole seconds since the Unix epoch. */
  startSeconds: number;
  /** Moves the track against this time, ms; later if positive. */
  shiftMs?: number;
}

/**
 * Makes an initialization segment and media segments of 2 s out of a fixture, with ffmpeg alone, so
 * that the measuring tools are held against something that our own code has no part in.
 * @returns paths, the initialization segment first
 */
export async function fragmentedClip(options: FragmentedClipOptions): Promise<string[]> {
  const { folder, kind, seconds, startSeconds, shiftMs = 0 } = options;
  const source = new URL(`../fixtures/${SOURCES[kind]}`, import.meta.url).pathname;
  const made = join(folder, `${kind}.mp4`);
  await runTool('ffmpeg', [
    ...['-v', 'error', ...(kind === 'video' ? ['-r', '30'] : []), '-i', source],
    ...[
      '-frames',
      String(seconds * PACKETS_PER_SECOND[kind]),
      '-c',
      'copy',
      '-use_editlist',
      '0',
      '-frag_duration',
      '2000000',
    ],
    ...(kind === 'video' ? ['-video_track_timescale', '90000'] : []),
    ...['-movflags', '+frag_keyframe+empty_moov+default_base_moof', made],
  ]);
  const boxes = splitBoxes(await readFile(made));
  const timescale = TIMESCALES[kind];
  const shift = startSeconds * timescale + Math.round((shiftMs * timescale) / 1000);
  const files: Buffer[][] = [[]];
  for (const { type, bytes } of boxes) {
    if (type === 'moov') withoutPreSkip(bytes);
    if (type === 'moof') {
      moveDecodeTime(bytes, BigInt(shift));
      files.push([]);
    }
    if (type !== 'mfra') files.at(-1)!.push(bytes);
  }
  const paths: string[] = [];
  for (const [i, parts] of files.entries()) {
    const path = join(folder, i === 0 ? `${kind}_init.m4s` : `${kind}_seg_${i}.m4s`);
    await writeFile(path, Buffer.concat(parts));
    paths.push(path);
  }
  return paths;
}

function splitBoxes(file: Buffer): { type: string; bytes: Buffer }[] {
  const boxes: { type: string; bytes: Buffer }[] = [];
  for (let at = 0; at < file.length; ) {
    const size = file.readUInt32BE(at);
    boxes.push({
      type: file.toString('latin1', at + 4, at + 8),
      bytes: file.subarray(at, at + size),
    });
    at += size;
  }
  return boxes;
}

/** Adds ticks to `baseMediaDecodeTime` (ISO/IEC 14496-12 §8.8.12), which ffmpeg writes in 64 bits. */
function moveDecodeTime(moof: Buffer, ticks: bigint): void {
  const at = moof.indexOf('tfdt');
  if (moof[at + 4] !== 1) throw new Error('tfdt is not of version 1');
  moof.writeBigInt64BE(moof.readBigInt64BE(at + 8) + ticks, at + 8);
}

/** Says in `dOps` that there is no pre-skip, as recordings of WebRTC do. */
function withoutPreSkip(moov: Buffer): void {
  const at = moov.indexOf('dOps');
  if (at >= 0) moov.writeUInt16BE(0, at + 6);
}
