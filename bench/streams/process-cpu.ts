import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks of `/proc`, 1/100 s on every Linux that Node runs on (proc(5), USER_HZ). */
const TICK_US = 10_000;

/** CPU time that a process has used so far, µs. */
export interface CpuUse {
  total: number;
  /** By the name of the thread; those of one name are added. */
  threads: ReadonlyMap<string, number>;
}

/** Reads what a process has used; Linux only. */
export function cpuUse(pid: number): CpuUse {
  const threads = new Map<string, number>();
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const [name, us] = threadUse(`/proc/${pid}/task/${task}/stat`);
    threads.set(name, (threads.get(name) ?? 0) + us);
  }
  const [, total] = threadUse(`/proc/${pid}/stat`);
  return { total, threads };
}

/** Resident memory of a process, bytes. */
export function residentBytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
  return Number(kilobytes) * 1024;
}

function threadUse(file: string): [string, number] {
  const stat = readFileSync(file, 'utf8');
  // The name is in brackets, and may have brackets and spaces itself.
  const end = stat.lastIndexOf(')');
  const [user, system] = stat
    .slice(end + 2)
    .split(' ')
    .slice(11, 13);
  return [stat.slice(stat.indexOf('(') + 1, end), (Number(user) + Number(system)) * TICK_US];
}
