import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProbedMedia, probeSegments } from '../media/probe.ts';
import { type Mpd, readMpd } from '../media/read-mpd.ts';

/** What came out of {@link play}. */
export interface Played {
  mpd: Mpd;
  /** What ffprobe decoded of each track of each period. */
  media: ProbedMedia[];
  /** Names of all media segments, in the order of the manifest. */
  segments: string[];
}

/** Address of an object. @param url base address of the service */
export function objectAddress(url: string, path: string): string {
  return `${url}/api/record/object/${path.split('/').map(encodeURIComponent).join('/')}`;
}

/**
 * Fetches an object whole.
 * @throws Error naming path and status for any other status than 200
 */
export async function fetchObject(url: string, path: string): Promise<Buffer> {
  const reply = await fetch(objectAddress(url, path));
  if (reply.status !== 200) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
  return Buffer.from(await reply.arrayBuffer());
}

/** Plays a recording as a player does, through the recorder: every segment of its manifest. */
export async function play(url: string, mpdPath: string): Promise<Played> {
  const folder = await mkdtemp(join(tmpdir(), 'played-'));
  const base = mpdPath.slice(0, mpdPath.lastIndexOf('/') + 1);
  const load = async (name: string) => {
    const file = join(folder, name);
    await writeFile(file, await fetchObject(url, base + name));
    return file;
  };
  try {
    const mpd = readMpd((await fetchObject(url, mpdPath)).toString());
    const media: ProbedMedia[] = [];
    const segments: string[] = [];
    for (const set of mpd.periods.flatMap(({ adaptationSets }) => adaptationSets)) {
      const names = set.segments.map(({ file }) => file);
      const files = await Promise.all([set.initialization, ...names].map(load));
      media.push(await probeSegments(files));
      segments.push(...names);
    }
    return { mpd, media, segments };
  } finally {
    await rm(folder, { recursive: true });
  }
}
