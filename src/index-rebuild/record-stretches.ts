import type { RecordFacts } from '../facts/record-facts.ts';
import type { Segment } from '../facts/segment.ts';

/** A shorter stretch between two known records does not count as a record, µs. */
const SHORTEST_US = 1_000_000;

/** A stretch of time, µs since the Unix epoch. */
interface Stretch {
  startUs: number;
  endUs: number;
}

/**
 * The lost records of a stream in a day folder, according to its segments: stretches without a
 * pause that would end a record, minus what known records cover. The identifier of a record, the
 * second of its request, is not in the files; the second of its start replaces it.
 *
 * @param known all records of the stream
 * @param graceUs maximum pause within a record, µs
 */
export function lostRecords(
  stream: string,
  mpdPath: string,
  segments: readonly Segment[],
  known: readonly RecordFacts[],
  graceUs: number,
): RecordFacts[] {
  const ids = new Set(known.map(({ recordId }) => recordId));
  const covered = known.filter((record) => record.mpdPath === mpdPath);
  const lost = stretchesOf(segments, graceUs).flatMap((stretch) => without(stretch, covered));
  return lost.map(({ startUs, endUs }) => {
    let second = Math.floor(startUs / 1e6);
    while (ids.has(idOf(second))) second++;
    ids.add(idOf(second));
    return { stream, recordId: idOf(second), startUs, endUs, mpdPath, status: 'Completed' };
  });
}

function idOf(second: number): string {
  return String(second).padStart(10, '0');
}

function stretchesOf(segments: readonly Segment[], graceUs: number): Stretch[] {
  const stretches: Stretch[] = [];
  for (const { startUs, endUs } of segments.toSorted((a, b) => a.startUs - b.startUs)) {
    const last = stretches.at(-1);
    if (last === undefined || startUs - last.endUs > graceUs) stretches.push({ startUs, endUs });
    else last.endUs = Math.max(last.endUs, endUs);
  }
  return stretches;
}

function without(stretch: Stretch, records: readonly RecordFacts[]): Stretch[] {
  let left = [stretch];
  for (const { startUs, endUs = Number.POSITIVE_INFINITY } of records) {
    left = left.flatMap((piece) => [
      { startUs: piece.startUs, endUs: Math.min(piece.endUs, startUs) },
      { startUs: Math.max(piece.startUs, endUs), endUs: piece.endUs },
    ]);
    left = left.filter((piece) => piece.endUs - piece.startUs >= SHORTEST_US);
  }
  return left;
}
