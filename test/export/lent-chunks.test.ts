import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { LentChunks } from '../../src/export/lent-chunks.ts';

const CHUNKS = 50;
const CHUNK_BYTES = 1000;

/** Chunks that are numbered in each byte, in two pieces of memory. */
async function* numbered(events: string[] = [], failAt = CHUNKS): AsyncGenerator<Buffer> {
  const memory = [Buffer.alloc(CHUNK_BYTES), Buffer.alloc(CHUNK_BYTES)];
  try {
    for (let n = 0; n < failAt; n++) {
      await turn();
      yield memory[n % 2]!.fill(n);
    }
    if (failAt < CHUNKS) throw new Error('it cannot be read');
  } finally {
    events.push('closed');
  }
}

const EXPECTED = Buffer.concat(
  Array.from({ length: CHUNKS }, (_, n) => Buffer.alloc(CHUNK_BYTES, n)),
);

/** Looks at each chunk only some turns of the event loop after it was written, as a socket does. */
function slow(taken: Buffer[]): Writable {
  return new Writable({
    highWaterMark: 1 << 20,
    async write(chunk: Buffer, _, done) {
      for (let turns = 0; turns < 5; turns++) await turn();
      taken.push(Buffer.from(chunk));
      done();
    },
  });
}

t.test('a destination that takes its time gets each chunk as it was', async (t) => {
  for (const how of ['pipe', 'pipeline'] as const) {
    const taken: Buffer[] = [];
    const events: string[] = [];
    const stream = new LentChunks(numbered(events));
    const destination = slow(taken);
    if (how === 'pipeline') await pipeline(stream, destination);
    else await once(stream.pipe(destination), 'finish');
    const all = Buffer.concat(taken);
    t.equal(all.length, EXPECTED.length);
    t.ok(all.equals(EXPECTED), `${how}: ${createHash('sha256').update(all).digest('hex')}`);
    t.same(events, ['closed']);
  }
});

t.test('who reads it chunk by chunk may keep them', async (t) => {
  t.ok((await buffer(new LentChunks(numbered()))).equals(EXPECTED));
});

t.test('who goes away while a chunk is written leaves nothing open', async (t) => {
  const events: string[] = [];
  const stream = new LentChunks(numbered(events));
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  // A connection that stands still: the callback never comes.
  stream.pipe(new Writable({ write: () => ask() }));
  await asked;
  stream.destroy();
  await once(stream, 'close');
  t.same(events, ['closed']);
});

t.test('what cannot be read ends it with its error, and never short', async (t) => {
  const taken: Buffer[] = [];
  const destination = slow(taken);
  await t.rejects(pipeline(new LentChunks(numbered([], 7)), destination), /cannot be read/);
  t.ok(destination.destroyed);
  t.equal(destination.writableFinished, false);
  await t.rejects(buffer(new LentChunks(numbered([], 7))), /cannot be read/);
});
