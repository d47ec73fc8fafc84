import { readdirSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import t, { type Test } from 'tap';
import { ChunkMemory } from '../../src/recording/chunk-memory.ts';
import { SimulatedPublisher } from './simulated-publisher.ts';

const part = (bytes: number, value: number) => Buffer.alloc(bytes, value);
const hold = (memory: ChunkMemory, bytes: Buffer) => memory.view(memory.hold(bytes), bytes.length);

t.test('keeps a copy of each part until it is released', async (t) => {
  const memory = new ChunkMemory();
  const other = new ChunkMemory();
  const held: Buffer[] = [];
  for (let value = 0; value < 100; value++) {
    const original = part(3000 + value, value);
    held.push(hold(memory, original));
    original.fill(0xff);
    hold(other, part(3000, 0xee));
  }
  // What others release is used again, but not what is still held here.
  other.release();
  const third = new ChunkMemory();
  for (let count = 0; count < 100; count++) hold(third, part(3000, 0xdd));
  for (const [value, bytes] of held.entries()) {
    if (!bytes.equals(part(3000 + value, value))) t.fail(`part ${value} has changed`);
  }
  memory.release();
  third.release();
});

t.test('uses released memory again, and not that of a part in between', async (t) => {
  const memory = new ChunkMemory();
  const first = hold(memory, part(1000, 1));
  memory.release();
  const again = hold(memory, part(1000, 2));
  t.equal(again.buffer, first.buffer);
  t.equal(again.byteOffset, first.byteOffset);
  const next = hold(memory, part(1000, 3));
  t.equal(next.byteOffset, again.byteOffset + 1000);
  memory.release();
});

t.test('leaves a part that exceeds a piece where it is', async (t) => {
  const memory = new ChunkMemory();
  const large = part(64 * 1024 + 1, 1);
  t.equal(hold(memory, large).buffer, large.buffer);
  const whole = part(64 * 1024, 2);
  const copy = hold(memory, whole);
  t.not(copy, whole);
  t.ok(copy.equals(whole));
  t.equal(hold(memory, Buffer.alloc(0)).length, 0);
});

t.test('begins with little memory, which sound never exceeds', async (t) => {
  const memory = new ChunkMemory();
  const first = hold(memory, part(1200, 1));
  t.equal(first.buffer.byteLength, 16 * 1024);
  t.equal(hold(memory, part(16 * 1024 - 1200, 2)).buffer, first.buffer);
  const second = hold(memory, part(1, 3));
  t.equal(second.buffer.byteLength, 64 * 1024);
  t.equal(hold(memory, part(64 * 1024 - 1, 4)).buffer, second.buffer);
  memory.release();
  t.equal(hold(memory, part(16 * 1024 + 1, 5)).buffer.byteLength, 64 * 1024, 'a large part first');
  memory.release();
});

t.test('gives back what a slow disk needed once', async (t) => {
  const slow = Array.from({ length: 100 }, () => new ChunkMemory());
  const buffers = new Set(slow.map((memory) => hold(memory, part(20_000, 1)).buffer));
  for (const memory of slow) memory.release();
  const memory = new ChunkMemory();
  // Ten times as many chunks as there are between two looks at what was not needed.
  for (let chunk = 0; chunk < 10 * 1024; chunk++) {
    hold(memory, part(20_000, 2));
    memory.release();
  }
  const again = Array.from({ length: 100 }, () => new ChunkMemory());
  const kept = again.filter((memory) => buffers.has(hold(memory, part(20_000, 3)).buffer));
  t.ok(kept.length > 0);
  t.ok(kept.length < 5, `${kept.length} of 100 are left`);
  for (const memory of again) memory.release();
});

/** Steps of a recording that a slow disk takes for a chunk; one is a quarter of a second of media. */
const SLOW_STEPS = 6;

/** Lets each gather list wait until the test lets it be written. */
async function holdWrites(t: Test) {
  const held: { step: number; write: () => void }[] = [];
  let step = 0;
  let isSlow = true;
  let onHeld = () => {};
  const probe = await open(import.meta.filename);
  const prototype = Object.getPrototypeOf(probe);
  await probe.close();
  const { writev } = prototype;
  prototype.writev = async function (this: object, ...args: unknown[]) {
    if (isSlow) {
      await new Promise<void>((write) => {
        held.push({ step, write });
        onHeld();
      });
    }
    return writev.apply(this, args);
  };
  t.teardown(() => {
    prototype.writev = writev;
  });
  return {
    /** Resolves when a write waits. */
    waits: () =>
      new Promise<void>((resolve) => {
        if (held.length > 0) resolve();
        else onHeld = resolve;
      }),
    next() {
      step++;
      while (held[0] && held[0].step + SLOW_STEPS <= step) held.shift()!.write();
    },
    end() {
      isSlow = false;
      for (const { write } of held) write();
    },
  };
}

/** The media files of a recording, by their names. */
async function record(t: Test, disk?: Awaited<ReturnType<typeof holdWrites>>) {
  const publisher = new SimulatedPublisher(t);
  const { recording } = publisher;
  for (let step = 0; step < 48; step++) {
    await publisher.run(0.25);
    await Promise.race([recording.written(), ...(disk ? [disk.waits()] : [])]);
    disk?.next();
  }
  disk?.end();
  await recording.close();
  const folder = path.join(publisher.root, recording.folder);
  const names = readdirSync(folder).filter((name) => name.endsWith('.m4s'));
  return new Map(names.map((name) => [name, readFileSync(path.join(folder, name))]));
}

t.test('nothing is used again before a slow disk has written it', async (t) => {
  let expected: Map<string, Buffer> | undefined;
  await t.test('a fast disk', async (t) => {
    expected = await record(t);
  });
  await t.test('a slow disk', async (t) => {
    const written = await record(t, await holdWrites(t));
    t.same([...written.keys()], [...expected!.keys()]);
    t.ok(written.size > 12);
    for (const [name, bytes] of written) t.ok(bytes.equals(expected!.get(name)!), name);
  });
});
