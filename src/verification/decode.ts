import { spawn, spawnSync } from 'node:child_process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { containerNamed } from '../containers/registry.ts';
import type { ManifestTrack } from '../manifest/presentation.ts';
import { type Finding, finding } from './finding.ts';
import type { RecordingFiles } from './recording-files.ts';

/** Maximum number of ffmpeg's lines that are shown per run of segments. */
const MOST_LINES = 3;

/** Whether ffmpeg is available. */
export function hasFfmpeg(): boolean {
  return spawnSync('ffmpeg', ['-version'], { stdio: 'ignore' }).error === undefined;
}

/** A segment file of a track, in the order of the segment numbers. */
export interface DecodableSegment {
  name: string;
  /** Whether decoding can start at this segment. */
  startsAtKeyframe: boolean;
}

/**
 * Decodes a track of a Period with ffmpeg: the whole track first, and if that produces errors, each
 * run of segments from a keyframe on by itself, to locate them.
 * @throws Error if ffmpeg cannot be started; what {@link RecordingFiles.read} throws
 */
export async function decodeTrack(
  files: RecordingFiles,
  { initialization, container }: Pick<ManifestTrack, 'initialization' | 'container'>,
  segments: readonly DecodableSegment[],
): Promise<Finding[]> {
  const { demuxer } = containerNamed(container);
  const names = segments.map(({ name }) => name);
  const all = await decodeFiles(files, demuxer, [initialization, ...names]);
  if (all.length === 0) return [];
  const findings: Finding[] = [];
  for (const stretch of stretches(segments)) {
    const lines = await decodeFiles(files, demuxer, [initialization, ...stretch]);
    const more = stretch.length > 1 ? ` (decoded with ${stretch.slice(1).join(', ')})` : '';
    if (lines.length > 0) {
      findings.push(finding('undecodable', told(lines) + more, stretch[0]));
    }
  }
  if (findings.length > 0) return findings;
  return [finding('undecodable', `decoded from ${names[0]} on: ${told(all)}`, initialization)];
}

function stretches(segments: readonly DecodableSegment[]): string[][] {
  const found: string[][] = [];
  for (const { name, startsAtKeyframe } of segments) {
    const last = found.at(-1);
    if (last === undefined || startsAtKeyframe) found.push([name]);
    else last.push(name);
  }
  return found;
}

function told(lines: string[]): string {
  const rest = lines.length - MOST_LINES;
  return `ffmpeg: ${lines.slice(0, MOST_LINES).join(' / ')}${rest > 0 ? ` / ${rest} more` : ''}`;
}

/** @returns the error lines of ffmpeg */
async function decodeFiles(
  files: RecordingFiles,
  demuxer: string,
  names: readonly string[],
): Promise<string[]> {
  const args = ['-hide_banner', '-v', 'error', '-copyts', '-f', demuxer, '-i', 'pipe:0'];
  // Otherwise ffmpeg rounds times to a frame rate that it guesses, and complains about the result.
  const times = ['-fps_mode', 'passthrough', '-enc_time_base', '-1'];
  const ffmpeg = spawn('ffmpeg', [...args, ...times, '-f', 'null', '-'], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let stderr = '';
  ffmpeg.stderr.setEncoding('utf8').on('data', (text: string) => {
    // The output for a badly damaged file is endless; its beginning is sufficient.
    if (stderr.length < 65_536) stderr += text;
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    ffmpeg.on('error', reject).on('close', resolve);
  });
  const bytes = async function* () {
    for (const name of names) {
      const data = await files.read(name);
      if (data !== undefined) yield data;
    }
  };
  const feeding = pipeline(Readable.from(bytes()), ffmpeg.stdin).catch((error) => {
    // ffmpeg stops reading when it cannot make sense of the data, and reports that.
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  });
  const [code] = await Promise.all([ended, feeding]);
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  if (code !== 0 && lines.length === 0) lines.push(`ended with ${code}`);
  // Addresses of its objects are irrelevant and differ between runs.
  return lines.map((line) => line.replace(/ @ 0x[0-9a-f]+/g, ''));
}
