import { setFlagsFromString } from 'node:v8';
import type { ResourceLimits } from 'node:worker_threads';

/**
 * Limit of the young generation of a worker, MiB; V8 collects it each time a third is full.
 *
 * What packets leave behind is garbage once the next picture has come (see `recording/chunk-memory.ts`). It
 * should be garbage before V8 has collected twice and moves it to the old generation: with 130 streams there
 * are 90 ms from one collection to the next. A larger one holds garbage longer, with the slabs and
 * datagrams that this refers to.
 */
const YOUNG_MB = 24;

/** Limits of the heap of a worker, for all workers the same. */
export const WORKER_HEAP: ResourceLimits = { maxYoungGenerationSizeMb: YOUNG_MB };

/**
 * Has V8 allocate every object in the young generation. Otherwise it allocates in the old generation what
 * a place in the code creates once most of a hundred objects from there survived a collection, as those
 * of media do that waits for the next picture. When they are dead, they keep what they refer to until the whole
 * heap is collected: nearly every slab, for which V8 then collected the whole heap twice a second.
 *
 * Affects the whole process. Call it before the first worker starts.
 */
export function keepObjectsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}

/**
 * Has V8 collect a whole heap when it has grown to three times what the last collection left. Otherwise it is
 * 1.25 to 4 times, by how fast V8 was of late, and at 1.25 what two collections of the young generation leave
 * outside the heap is enough: under the same load, V8 collected the whole heap of a worker from never to 4
 * times a second, which changed from run to run, and its helper threads took 3 to 36 % of a core.
 *
 * Affects the whole process. Call it before the first worker starts.
 */
export function collectWholeHeapsRarely(): void {
  setFlagsFromString('--heap-growing-percent=200');
}
