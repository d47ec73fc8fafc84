import type { TrackKind } from '../media/access-unit.ts';
import type { RecordedObjects } from '../playback/recorded-objects.ts';
import { tracksOf } from '../playback/recorded-range.ts';
import { type RecordedSamples, SampleReader } from './recorded-samples.ts';
import type { Stretch } from './stretches.ts';

/** Files that are read at the same time: those of a bucket take a while each, those of a disk none. */
const AT_ONCE = 8;

/** What a stretch is made of, each track in the order of time. */
export interface RecordedStretch extends Stretch {
  samples: Partial<Record<TrackKind, RecordedSamples[]>>;
}

/**
 * Reads what segments hold, their payload left out.
 * @param signal ends it before the next segment
 * @throws Refusal `unreadable-media`; the file system's error; StoreError; the signal's reason
 */
export async function readSamples(
  objects: RecordedObjects,
  stretches: readonly Stretch[],
  signal?: AbortSignal,
): Promise<RecordedStretch[]> {
  const reader = new SampleReader(objects);
  const recorded = stretches.map((stretch): RecordedStretch => ({ ...stretch, samples: {} }));
  const reads = readsOf(recorded, reader);
  const work = async () => {
    // One list for all of them: each takes what comes next.
    for (const read of reads) {
      signal?.throwIfAborted();
      await read();
    }
  };
  const workers = Array.from({ length: AT_ONCE }, work);
  try {
    await Promise.all(workers);
  } finally {
    // Where one failed the others end with what they have in hand.
    reads.return(undefined);
    await Promise.allSettled(workers);
  }
  return recorded;
}

function* readsOf(
  stretches: readonly RecordedStretch[],
  reader: SampleReader,
): Generator<() => Promise<void>, undefined> {
  for (const { period, samples } of stretches) {
    for (const track of tracksOf(period)) {
      const of = new Array<RecordedSamples>(track.segments.length);
      samples[track.kind] = of;
      for (const [place, segment] of track.segments.entries()) {
        yield async () => {
          of[place] = await reader.read(track, segment);
        };
      }
    }
  }
}
