import { createHash } from 'node:crypto';
import { glob, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Mpd, type MpdAdaptationSet, readMpd } from '../media/read-mpd.ts';

/** One track of one period: paths of files, and what the manifest says of it. */
export interface RecordedTrack {
  init: string;
  segments: string[];
  described: MpdAdaptationSet;
}

/** What a day folder holds, as its manifest describes it. */
export interface DayFolder {
  /** Absolute path. */
  path: string;
  /** Names of all its files, sorted. */
  names: string[];
  mpd: Mpd;
  /** The tracks of each period of the manifest. */
  periods: { video?: RecordedTrack; audio?: RecordedTrack }[];
}

/**
 * Reads a stream's day folder.
 * @param root storage root
 * @throws Error when the stream has none, or more than one
 */
export async function readDayFolder(root: string, stream: string): Promise<DayFolder> {
  const manifests = await Array.fromAsync(glob(join(root, stream, '*/*/*/manifest.mpd')));
  const [manifest] = manifests;
  if (manifest === undefined || manifests.length > 1) {
    throw new Error(`${manifests.length} manifests of stream ${stream} below ${root}`);
  }
  const path = join(manifest, '..');
  const mpd = readMpd(await readFile(manifest, 'utf8'));
  const periods = mpd.periods.map((period) => {
    const tracks: DayFolder['periods'][number] = {};
    for (const described of period.adaptationSets) {
      tracks[described.contentType as 'video' | 'audio'] = {
        init: join(path, described.initialization),
        segments: described.segments.map(({ file }) => join(path, file)),
        described,
      };
    }
    return tracks;
  });
  return { path, names: (await readdir(path)).sort(), mpd, periods };
}

/** SHA-256 of each file of a folder by name, without what may change: manifest and open segments. */
export async function mediaHashes(folder: string): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const name of (await readdir(folder)).sort()) {
    if (name.endsWith('.mpd') || name.endsWith('.part')) continue;
    const bytes = await readFile(join(folder, name));
    hashes.set(name, createHash('sha256').update(bytes).digest('hex'));
  }
  return hashes;
}
