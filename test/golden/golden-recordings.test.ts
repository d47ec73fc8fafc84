import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';
import t from 'tap';
import { SteadyPublisher, scenarios } from './scenarios.ts';

/**
 * Digests of everything that fixed inputs are recorded as. They hold every byte of the files and
 * every index row in place while the code around them is rebuilt; a change that means to record
 * something else writes them anew with `GOLDEN=write` and says in its commit what is different.
 */
const GOLDEN = new URL('golden-recordings.json', import.meta.url);

/** Prints the same facts in the same way, in whatever order they were written down. */
const WHOLE = { sorted: true, depth: null, maxArrayLength: null, breakLength: 100 } as const;

/** A recording: SHA-256 of each file and of the index rows, by object path. */
interface Digests {
  files: Record<string, string>;
  segments: Record<string, string>;
  records: string;
}

const IS_WRITING = process.env.GOLDEN === 'write';
const golden: Record<string, Digests> = IS_WRITING ? {} : JSON.parse(readFileSync(GOLDEN, 'utf8'));

for (const { name, options, record } of scenarios) {
  t.test(name, async (t) => {
    const publisher = new SteadyPublisher(t, options);
    await record(publisher);
    await publisher.recording.close();
    const found: Digests = { files: {}, segments: {}, records: digest(publisher.records) };
    for (const file of filesBelow(publisher.root)) {
      found.files[file] = digest(readFileSync(path.join(publisher.root, file)));
    }
    const rows = publisher.segments.toSorted((a, b) => (a.path < b.path ? -1 : 1));
    for (const row of rows) found.segments[row.path] = digest(row);
    if (IS_WRITING) golden[name] = found;
    t.same(found, golden[name]);
  });
}

t.teardown(() => {
  if (IS_WRITING) writeFileSync(GOLDEN, `${JSON.stringify(golden, undefined, 2)}\n`);
});

function filesBelow(root: string): string[] {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .sort();
}

function digest(what: Buffer | object): string {
  const bytes = Buffer.isBuffer(what) ? what : inspect(what, WHOLE);
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}
