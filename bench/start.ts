import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ownArguments } from './command-line/own-arguments.ts';
import { cpuUse, residentBytes } from './streams/process-cpu.ts';

const REPOSITORY = path.join(import.meta.dirname, '..');
/** By then the spare worker has started, and the garbage of the start is collected, ms. */
const SETTLE_MS = 10_000;

const OPTIONS = {
  runs: { type: 'string', default: '5' },
  /** Another checkout, whose starts alternate with those of this one. */
  against: { type: 'string' },
} as const;

/** What a start took. */
interface Start {
  /** Until it listened, ms. */
  wallMs: number;
  cpuMs: number;
  /** With one worker and its spare, and no streams, bytes. */
  bytes: number;
}

/**
 * Prints the median of what starts of the recorder take, with compiled code in the cache, and its memory
 * without streams. `npm run bench -- start --runs 9 --against FOLDER` measures another checkout too.
 */
export async function run(): Promise<void> {
  const { values } = parseArgs({
    args: ownArguments(),
    options: OPTIONS,
  });
  const checkouts = [...(values.against === undefined ? [] : [values.against]), REPOSITORY];
  const starts = new Map<string, Start[]>(checkouts.map((checkout) => [checkout, []]));
  // Fills the cache.
  for (const checkout of checkouts) await start(checkout);
  for (let count = 0; count < Number(values.runs); count++) {
    for (const checkout of checkouts) starts.get(checkout)!.push(await start(checkout));
  }
  for (const [checkout, each] of starts) {
    const of = (figure: keyof Start) => Math.round(median(each.map((one) => one[figure])));
    process.stdout.write(
      `${checkout}: listening after ${of('wallMs')} ms, ${of('cpuMs')} ms of CPU time; ` +
        `memory ${Math.round(of('bytes') / 2 ** 20)} MB\n`,
    );
  }
}

async function start(checkout: string): Promise<Start> {
  const root = mkdtempSync(path.join(tmpdir(), 'bench-start-'));
  const config = path.join(root, 'live777.toml');
  writeFileSync(
    config,
    `[recorder]\nworkers = 1\nindex_path = "${root}/index"\n` +
      `[recorder.storage]\ntype = "fs"\nroot = "${root}/recordings"\n`,
  );
  const bin = path.join(checkout, 'bin/live777-recorder.js');
  // Old checkouts have no bin.
  const script = existsSync(bin) ? bin : path.join(checkout, 'src/main.ts');
  const beginMs = performance.now();
  const child = spawn(process.execPath, [script, '--config', config, '--listen', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    // The greeting, which comes once it listens.
    await once(child.stdout, 'data');
    const wallMs = performance.now() - beginMs;
    const cpuMs = cpuUse(child.pid!).total / 1000;
    child.stdout.resume();
    await delay(SETTLE_MS);
    return { wallMs, cpuMs, bytes: residentBytes(child.pid!) };
  } finally {
    child.kill();
    await once(child, 'exit');
    rmSync(root, { recursive: true });
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
