import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { opusInitializationSegment } from '../container/initialization-segment.ts';
import { readInitializationSegment } from '../container/initialization-segment-reader.ts';
import type { ManifestTrack } from '../manifest/presentation.ts';
import { parseFileName } from '../recording/file-names.ts';
import { replaceFile } from '../storage/durable-file.ts';
import { setAside } from './set-aside.ts';

/**
 * Puts a sound initialization segment in place of one that is missing or damaged: that of sound can be
 * written anew, that of pictures may be there under another name, since each run writes its own.
 * @param names of the files in the folder
 * @returns what was done; undefined where it is in order, or nothing can be done
 * @throws the file system's error
 */
export async function repairInitialization(
  folder: string,
  names: ReadonlySet<string>,
  track: ManifestTrack,
): Promise<string | undefined> {
  const name = track.initialization;
  if (names.has(name) && isOf(await readFile(path.join(folder, name)), track)) return undefined;
  const found = await substituteFor(folder, names, track);
  if (found === undefined) return undefined;
  const aside = names.has(name) ? await setAside(folder, name) : undefined;
  await replaceFile(path.join(folder, name), found.data);
  return `written anew${found.from}${aside === undefined ? '' : `; as it was: ${aside}`}`;
}

async function substituteFor(
  folder: string,
  names: ReadonlySet<string>,
  track: ManifestTrack,
): Promise<{ data: Buffer; from: string } | undefined> {
  if (track.codecs === 'opus' && (track.channels === 1 || track.channels === 2)) {
    const data = await opusInitializationSegment({ channels: track.channels });
    return isOf(data, track) ? { data, from: '' } : undefined;
  }
  for (const name of names) {
    const file = parseFileName(name);
    if (file?.type !== 'init' || file.isPart || name === track.initialization) continue;
    const data = await readFile(path.join(folder, name));
    if (isOf(data, track)) return { data, from: ` from ${name}` };
  }
  return undefined;
}

function isOf(data: Buffer, track: ManifestTrack): boolean {
  const facts = readInitializationSegment(data);
  if (facts === undefined) return false;
  const keys = ['kind', 'codecs', 'timescale', 'width', 'height', 'channels'] as const;
  return keys.every((key) => facts[key] === track[key]);
}
