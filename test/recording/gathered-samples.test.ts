import t from 'tap';
import { writeChunk } from '../../src/containers/mp4/chunk.ts';
import { GatheredSamples } from '../../src/recording/gathered-samples.ts';
import type { PlacedUnit } from '../../src/recording/placed-unit.ts';

const part = (bytes: number, value: number) => Buffer.alloc(bytes, value);
const unit = (...parts: Buffer[]) => ({ keyframe: true, parts }) as unknown as PlacedUnit;

function lengthPrefixed(parts: readonly Buffer[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  );
}

/** Parts of each sample, of which some do not fit into the memory that was begun, or into any. */
const SAMPLES = [
  [part(9, 1), part(0, 2), part(800, 3)],
  [part(15_000, 4)],
  [part(1, 5), part(16_384, 6), part(40_000, 7), part(30_000, 8)],
  [part(9, 9), part(65_536, 10), part(131_072, 11), part(3, 12)],
  [part(65_532, 13)],
  [part(65_536, 14), part(2, 15)],
];

for (const isLengthPrefixed of [true, false]) {
  t.test(isLengthPrefixed ? 'parts with their lengths' : 'parts as they are', async (t) => {
    const gathered = new GatheredSamples(isLengthPrefixed);
    // The memory of the first chunk is used again in the second.
    for (const samples of [SAMPLES, SAMPLES.toReversed()]) {
      t.ok(gathered.isEmpty);
      for (const [index, parts] of samples.entries()) gathered.push(unit(...parts), index, 1, 0);
      const bytes = samples.flat().reduce((sum, { length }) => sum + length, 0);
      t.equal(gathered.bytes, bytes, 'without the lengths');
      const taken = gathered.take();
      const expected = samples.map((parts) =>
        isLengthPrefixed ? lengthPrefixed(parts) : Buffer.concat(parts),
      );
      for (const [index, sample] of taken.samples.entries()) {
        t.equal(sample.time, index);
        t.ok(Buffer.concat(sample.parts).equals(expected[index]!), `sample ${index}`);
      }
      const chunk = writeChunk({
        kind: 'video',
        isLengthPrefixed: false,
        sequenceNumber: 1,
        samples: taken.samples,
      });
      const file = Buffer.concat(chunk.buffers);
      t.equal(file.length, chunk.byteLength);
      const payload = Buffer.concat(expected);
      t.ok(file.subarray(-payload.length).equals(payload), 'all of it in the chunk');
      taken.memory.release();
    }
  });
}

t.test('what follows in memory is one buffer', async (t) => {
  const gathered = new GatheredSamples(true);
  for (let time = 0; time < 30; time++) {
    gathered.push(unit(part(9, time), part(100, time), part(200, time)), time, 1, 0);
  }
  const { samples, memory } = gathered.take();
  t.ok(samples.every(({ parts }) => parts.length === 1));
  const options = { kind: 'video', isLengthPrefixed: false, sequenceNumber: 1 } as const;
  const { buffers } = writeChunk({ ...options, samples });
  t.equal(buffers.length, 3, 'the moof, the header of the mdat, and all samples');
  memory.release();
});
