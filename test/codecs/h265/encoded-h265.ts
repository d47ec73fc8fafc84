import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from '../../media/tool.ts';
import { nalUnits } from '../../publisher/annex-b.ts';
import { type EncodingOptions, encodingArguments } from '../encoded-frames.ts';

/** Type of a NAL unit. */
export const typeOf = (nalUnit: Buffer) => (nalUnit[0]! >> 1) & 0x3f;

/**
 * Encodes a moving test picture with libx265, without B pictures unless `x265` says otherwise.
 *
 * @param x265 parameters of the encoder
 * @returns the NAL units of each access unit
 */
export async function encodeH265(
  folder: string,
  options: EncodingOptions,
  x265: string[] = [],
): Promise<Buffer[][]> {
  const file = join(folder, 'picture.h265');
  await runTool('ffmpeg', [...encoder(options, x265), '-f', 'hevc', file]);
  return accessUnits(nalUnits(await readFile(file)));
}

/** Access units that are not shown in the order in which they are decoded. */
export interface ReorderedUnits {
  /** The encoder's own file. */
  file: string;
  /** The NAL units of each, in decoding order. */
  units: Buffer[][];
  /** When each is shown, ticks of 90 kHz since the first picture in decoding order. */
  ticks: number[];
}

/** Encodes a moving test picture with libx265. @param x265 parameters of the encoder */
export async function encodeReorderedH265(
  folder: string,
  options: EncodingOptions,
  x265: string[],
): Promise<ReorderedUnits> {
  const name = join(folder, `${options.width}-${x265.join('-')}-${options.pixelFormat}`);
  const file = `${name}.mp4`;
  await runTool('ffmpeg', [
    ...encoder(options, x265),
    ...['-video_track_timescale', '90000', file],
  ]);
  const copied = ['-c', 'copy', '-f', 'hevc', `${name}.h265`];
  await runTool('ffmpeg', ['-v', 'error', '-y', '-i', file, ...copied]);
  const { stdout } = await runTool('ffprobe', [
    ...['-v', 'error', '-show_entries', 'packet=pts', '-of', 'csv=p=0', file],
  ]);
  const times = stdout.toString().trim().split('\n').map(Number);
  const units = accessUnits(nalUnits(await readFile(`${name}.h265`)));
  if (units.length !== times.length) {
    throw new Error(`${units.length} units, ${times.length} times`);
  }
  return { file, units, ticks: times.map((time) => time - times[0]!) };
}

function encoder(options: EncodingOptions, x265: readonly string[]): string[] {
  const { keyframeInterval } = options;
  const parameters = [
    ...[`keyint=${keyframeInterval}`, `min-keyint=${keyframeInterval}`, 'scenecut=0'],
    ...['repeat-headers=1', 'info=0', 'log-level=none', 'pools=1', 'frame-threads=1'],
    ...['bframes=0', 'open-gop=0', ...x265],
  ];
  return [
    ...encodingArguments(options),
    ...['-c:v', 'libx265', '-preset', 'ultrafast', ...(options.encoder ?? [])],
    ...['-x265-params', parameters.join(':')],
  ];
}

/** Groups NAL units into access units (ITU-T H.265 §7.4.2.4.4). */
export function accessUnits(units: readonly Buffer[]): Buffer[][] {
  const groups: Buffer[][] = [];
  let hasSlice = true;
  for (const unit of units) {
    const type = typeOf(unit);
    const isSlice = type < 32;
    const begins = isSlice ? (unit[2]! & 0x80) !== 0 : type >= 32 && type <= 35;
    if (hasSlice && (begins || type === 39)) {
      groups.push([]);
      hasSlice = false;
    }
    groups.at(-1)!.push(unit);
    hasSlice ||= isSlice;
  }
  return groups;
}

/** A byte stream of NAL units (annex B). */
export function byteStream(parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts.flatMap((part) => [Buffer.of(0, 0, 0, 1), part]));
}
