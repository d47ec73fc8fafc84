/**
 * Kills a recorder again and again while its store fails; `node test/storage/spool/chaos.ts 60` by
 * hand, and a short form in the tests.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { filesBelow } from './spool-fixture.ts';

/** What came out of {@link chaos}. */
export interface ChaosResult {
  kills: number;
  committed: number;
  /** Committed files that are not in the store as they were. */
  lost: string[];
  /** Files still here. */
  left: string[];
  /** Objects that a manifest in the store names and that were not there, at any look. */
  dangling: string[];
}

/**
 * Runs a recorder that stores what it commits and kills it so many times, at a random moment; then
 * lets it end.
 */
export async function chaos(kills: number): Promise<ChaosResult> {
  const folder = mkdtempSync(path.join(tmpdir(), 'spool-chaos-'));
  const root = path.join(folder, 'spool');
  const store = path.join(folder, 'store');
  mkdirSync(root);
  mkdirSync(store);
  const committed = new Map<string, string>();
  const dangling = new Set<string>();
  try {
    for (let run = 0; run <= kills; run++) {
      const isLast = run === kills;
      const first = run * 1000 + 1;
      const count = isLast ? 3 : 1000;
      const child = spawn(
        process.execPath,
        [path.join(import.meta.dirname, 'chaos-recorder.ts'), root, store, `${first}`, `${count}`],
        { stdio: ['ignore', 'pipe', 'inherit'], env: { PATH: process.env.PATH } },
      );
      let output = '';
      // Counted in what it says, so that a busy machine only takes longer: 0 is right after opening.
      const lastLine = Math.floor(Math.random() * 20);
      child.stdout.on('data', (data) => {
        output += data;
        if (!isLast && output.split('\n').length > lastLine + 1) child.kill('SIGKILL');
      });
      await new Promise((resolve) => child.on('close', resolve));
      if (isLast && !output.endsWith('drained\n')) throw new Error('the last run did not end');
      for (const line of output.split('\n')) {
        const [word, key, hash] = line.split(' ');
        if (word === 'committed') committed.set(key!, hash!);
      }
      for (const name of danglingIn(store)) dangling.add(name);
    }
    const lost = [...committed].filter(([key, hash]) => hashOf(path.join(store, key)) !== hash);
    const named = filesBelow(store)
      .filter((file) => file.endsWith('.mpd'))
      .flatMap((file): string[] => JSON.parse(readFileSync(path.join(store, file), 'utf8')));
    const unnamed = [...committed.keys()].filter((key) => !named.includes(key));
    return {
      kills,
      committed: committed.size,
      // The last segment before a kill has no manifest yet; a real recorder takes it up.
      lost: [...lost.map(([key]) => key), ...(unnamed.length > kills ? unnamed : [])],
      left: filesBelow(root).filter((file) => !file.endsWith('.part')),
      dangling: [...dangling],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function danglingIn(store: string): string[] {
  const files = new Set(filesBelow(store));
  return [...files]
    .filter((file) => file.endsWith('.mpd'))
    .flatMap((file): string[] => JSON.parse(readFileSync(path.join(store, file), 'utf8')))
    .filter((key) => !files.has(key));
}

function hashOf(file: string): string | undefined {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch {
    return undefined;
  }
}

if (process.argv[1] === import.meta.filename) {
  const result = await chaos(Number(process.argv[2] ?? 60));
  process.stdout.write(`${JSON.stringify(result)}\n`);
  if (result.lost.length + result.left.length + result.dangling.length > 0) process.exitCode = 1;
}
