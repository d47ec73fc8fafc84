import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { runTool } from '../media/tool.ts';
import type { RecordedApp } from '../playback/recorded-app.ts';

/** Downloads an export through the real server's routes, whole, into the test's folder. */
export async function download(
  t: Test,
  { app }: Pick<RecordedApp, 'app'>,
  file: string,
  query: Record<string, string | number>,
): Promise<{ path: string; bytes: Buffer; headers: Record<string, unknown> }> {
  const search = new URLSearchParams(Object.entries(query).map(([k, v]) => [k, String(v)]));
  const reply = await app.inject({ url: `/api/playback/cam1/${file}?${search}` });
  if (reply.statusCode !== 200) throw new Error(`${reply.statusCode} ${reply.body}`);
  const bytes = reply.rawPayload;
  t.equal(Number(reply.headers['content-length']), bytes.length, 'as long as it said');
  const name = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  const path = join(t.testdirName, `${name}-${file}`);
  await writeFile(path, bytes);
  return { path, bytes, headers: reply.headers };
}

/** What players find in a file. */
export interface Opened {
  /** Seconds. */
  duration: number;
  streams: Record<string, string | number>[];
  /** Digest, time and duration (s) of each picture as it is decoded. */
  pictures: { hash: string; time: number; duration: number }[];
}

/**
 * Opens a file with ffprobe and decodes all of it with ffmpeg.
 * @param video which of its video tracks
 * @throws Error where either has anything to say
 */
export async function open(path: string, video = 0): Promise<Opened> {
  const probed = await runTool('ffprobe', [
    ...['-v', 'warning', '-show_format', '-show_streams', '-of', 'json', path],
  ]);
  const passthrough = ['-fps_mode', 'passthrough', '-enc_time_base', '1:1000000'];
  // Each picture in its own size: they would all be made as large as the first.
  const sizes = ['-autoscale', '0'];
  const whole = ['-i', path, '-map', '0', '-autoscale', '0', '-fps_mode', 'passthrough'];
  const decoded = await runTool('ffmpeg', [
    '-v',
    'warning',
    ...whole,
    '-enc_time_base',
    '-1',
    '-f',
    'null',
    '-',
  ]);
  const pictures = await runTool('ffmpeg', [
    ...[
      '-v',
      'error',
      '-i',
      path,
      '-map',
      `0:v:${video}`,
      ...sizes,
      ...passthrough,
      '-f',
      'framemd5',
      '-',
    ],
  ]);
  const said = [probed.stderr, decoded.stderr, pictures.stderr].join('');
  if (said !== '') throw new Error(`${path}: ${said}`);
  const { format, streams } = JSON.parse(probed.stdout.toString());
  return {
    duration: Number(format.duration),
    streams,
    pictures: pictures.stdout
      .toString()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const [, , pts, duration, , hash] = line.split(',').map((part) => part.trim());
        return { hash: hash!, time: Number(pts) / 1e6, duration: Number(duration) / 1e6 };
      }),
  };
}
