import { readdirSync, readFileSync } from 'node:fs';

/** CPU time that a process has used so far, µs. */
export interface CpuUse {
  total: number;
  /** By the name of the thread; those of one name are added. */
  threads: ReadonlyMap<string, number>;
}

/**
 * Reads what a process has used; Linux only. The scheduler's own times, as those of `stat` are samples at
 * clock ticks, which work that is in step with the clock can fall between.
 */
export function cpuUse(pid: number): CpuUse {
  const threads = new Map<string, number>();
  let total = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${task}`;
    const name = readFileSync(`${folder}/comm`, 'utf8').trim();
    const [nanoseconds] = readFileSync(`${folder}/schedstat`, 'utf8').split(' ');
    const us = Number(nanoseconds) / 1000;
    threads.set(name, (threads.get(name) ?? 0) + us);
    total += us;
  }
  return { total, threads };
}

/** Resident memory of a process, bytes. */
export function residentBytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
  return Number(kilobytes) * 1024;
}
