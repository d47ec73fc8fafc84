import type { Static } from 'typebox';
import type { StreamStatus } from '../recorder.ts';
import type { SegmentIndex } from '../segment-index/segment-index.ts';
import { type FolderJson, type StreamJson, statusJson } from './stream-json.ts';

/** Media may be older than the start of its recording by this, µs. */
const TRANSIT_US = 1_000_000;

/**
 * All streams that are published, armed, being recorded, or were ever recorded.
 * @param statuses of the streams that the recorder knows
 * @param stream only this one, if given
 */
export function streamList(
  statuses: StreamStatus[],
  index: Pick<SegmentIndex, 'folders'>,
  stream?: string,
): Static<typeof StreamJson>[] {
  const begun = new Map(
    statuses
      .filter(({ isPlayable }) => isPlayable === false)
      .map(({ recordDir, startedAtUs = 0 }) => [recordDir, startedAtUs]),
  );
  const folders = new Map<string, Static<typeof FolderJson>[]>();
  for (const { stream, folder, ...summary } of index.folders()) {
    const ofStream = folders.get(stream) ?? [];
    folders.set(stream, ofStream);
    ofStream.push({
      folder,
      // A folder with earlier recordings has a manifest already.
      ...(summary.startUs < (begun.get(folder) ?? Number.POSITIVE_INFINITY) - TRANSIT_US && {
        mpd_path: `${folder}/manifest.mpd`,
      }),
      start_ts: summary.startUs,
      end_ts: summary.endUs,
      segments: summary.segments,
      bytes: summary.bytes,
    });
  }
  const present = new Set(statuses.map((status) => status.stream));
  const onlyRecorded = [...folders.keys()].filter((name) => !present.has(name));
  return [
    ...statuses.map((status) => ({ stream: status.stream, ...statusJson(status) })),
    ...onlyRecorded.map((name) => ({ stream: name, state: 'idle' as const, tracks: [] })),
  ]
    .filter((status) => stream === undefined || status.stream === stream)
    .map((status) => ({ ...status, recordings: folders.get(status.stream) ?? [] }));
}
