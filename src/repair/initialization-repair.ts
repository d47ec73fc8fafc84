import { open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { codecOfString } from '../codecs/registry.ts';
import { compositionDelayOf } from '../containers/chunk-facts.ts';
import { containerNamed } from '../containers/registry.ts';
import { trackFormat } from '../containers/track-format.ts';
import { replaceFile } from '../files/durable-file.ts';
import { parseFileName, segmentName } from '../layout/file-names.ts';
import type { ManifestTrack } from '../manifest/presentation.ts';
import { contradictions } from '../verification/track-facts.ts';
import { setAside } from './set-aside.ts';

/**
 * Replaces an initialization segment that is missing or damaged by an intact one: an audio one can
 * be rewritten, and a video one may exist under another name, since each run writes its own.
 * @param names of the files in the folder
 * @returns what was done; undefined if it is intact, or nothing can be done
 * @throws the file system's error
 */
export async function repairInitialization(
  folder: string,
  names: ReadonlySet<string>,
  track: ManifestTrack,
): Promise<string | undefined> {
  const name = track.initialization;
  const delay = await delayIn(folder, names, track);
  if (names.has(name) && isOf(await readFile(path.join(folder, name)), track, delay)) {
    return undefined;
  }
  const found = await substituteFor(folder, names, track, delay);
  if (found === undefined) return undefined;
  const aside = names.has(name) ? await setAside(folder, name) : undefined;
  await replaceFile(path.join(folder, name), found.data);
  return `rewritten${found.from}${aside === undefined ? '' : `; old file kept as ${aside}`}`;
}

async function substituteFor(
  folder: string,
  names: ReadonlySet<string>,
  track: ManifestTrack,
  delay: number | undefined,
): Promise<{ data: Buffer; from: string } | undefined> {
  const codec = codecOfString(track.codecs);
  const configuration =
    codec?.kind === 'audio' ? codec.configurationOf(track.channels ?? 0) : undefined;
  if (configuration?.containers.includes(track.container)) {
    const container = containerNamed(track.container);
    const data = container.initialization(trackFormat(container, configuration));
    return isOf(data, track, delay) ? { data, from: '' } : undefined;
  }
  for (const name of names) {
    const file = parseFileName(name);
    if (file?.type !== 'init' || file.isPart || name === track.initialization) continue;
    const data = await readFile(path.join(folder, name));
    if (isOf(data, track, delay)) return { data, from: ` from ${name}` };
  }
  return undefined;
}

/**
 * Composition delay of a track's samples, ticks, from its first segment that starts with a
 * keyframe.
 */
async function delayIn(
  folder: string,
  names: ReadonlySet<string>,
  { kind, container, startNumber, timeline }: ManifestTrack,
): Promise<number | undefined> {
  for (let i = 0; kind === 'video' && i < timeline.count; i++) {
    const name = segmentName(kind, startNumber + i, container);
    if (!names.has(name)) continue;
    const handle = await open(path.join(folder, name));
    try {
      const { size } = await handle.stat();
      const { chunks } = await containerNamed(container).readChunks(handle, size);
      const delay = chunks[0] && compositionDelayOf(chunks[0]);
      if (delay !== undefined) return delay;
    } finally {
      await handle.close();
    }
  }
  return undefined;
}

/** @param delay composition delay, ticks; undefined if unknown */
function isOf(data: Buffer, track: ManifestTrack, delay: number | undefined): boolean {
  const facts = containerNamed(track.container).readInitialization(data);
  if (facts === undefined) return false;
  if (delay !== undefined && (facts.compositionDelay ?? 0) !== delay) return false;
  return contradictions(facts, track).length === 0;
}
