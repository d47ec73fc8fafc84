import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Spool } from '../src/storage/spool/spool.ts';

const FOLDERS = 50;
const FILES = 2000;
const LARGE_FILES = 100;
const LARGE_BYTES = 3 << 20;

/**
 * Prints what the spool costs besides the network: finding 100,000 waiting files and the memory that
 * they take, and the CPU of each file, small and of 3 MB, with a store that takes them at once.
 */
export async function run(): Promise<void> {
  const root = mkdtempSync(path.join(tmpdir(), 'bench-spool-'));
  const silent = { info() {}, warn() {}, error() {} };
  try {
    for (let stream = 0; stream < FOLDERS; stream++) {
      const folder = path.join(root, `cam${stream}/2026/03/04`);
      mkdirSync(folder, { recursive: true });
      for (let i = 1; i <= FILES; i++) writeFileSync(path.join(folder, `seg_${i}.m4s`), 'x');
    }
    const files = FOLDERS * FILES;
    const memory = process.memoryUsage();
    const began = performance.now();
    const away = { put: () => Promise.reject(new Error('away')) };
    const waiting = await Spool.open({ root, store: away, log: silent });
    const scanMs = performance.now() - began;
    const after = process.memoryUsage();
    const mb = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
    process.stdout.write(
      `finding ${files} files: ${scanMs.toFixed(0)} ms; ${mb(after.rss - memory.rss)} MB more resident, ` +
        `${mb(after.heapUsed - memory.heapUsed)} MB of it heap with its garbage (files on ${root})\n`,
    );
    await waiting.close();
    const small = await drain(root, silent);
    process.stdout.write(
      `a small file from found to deleted: ${(small / files).toFixed(0)} µs of CPU\n`,
    );

    mkdirSync(path.join(root, 'large'));
    const data = Buffer.alloc(LARGE_BYTES, 1);
    for (let i = 0; i < LARGE_FILES; i++)
      writeFileSync(path.join(root, `large/seg_${i}.m4s`), data);
    const large = await drain(root, silent);
    process.stdout.write(
      `a file of 3 MB: ${(large / LARGE_FILES / 1000).toFixed(2)} ms of CPU, its reading included\n`,
    );
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** Uploads all that waits to a store that takes it at once; µs of CPU. */
async function drain(root: string, log: Parameters<typeof Spool.open>[0]['log']): Promise<number> {
  const before = process.cpuUsage();
  const spool = await Spool.open({ root, store: { put: () => Promise.resolve() }, log });
  await spool.drained();
  await spool.close();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
