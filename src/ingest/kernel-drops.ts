import { readFile } from 'node:fs/promises';

/** The UDP sockets of this network namespace, on Linux. */
const TABLES = ['/proc/net/udp', '/proc/net/udp6'];
/** Columns of a table. */
const LOCAL = 1;
const DROPS = 12;

/**
 * Number of datagrams to a UDP port that the kernel dropped since its sockets were opened, mostly
 * because their receive buffers were full; undefined where the system does not tell.
 */
export async function kernelDrops(port: number): Promise<number | undefined> {
  const tables = await Promise.allSettled(TABLES.map((file) => readFile(file, 'utf8')));
  const texts = tables.flatMap((table) => (table.status === 'fulfilled' ? [table.value] : []));
  return texts.length === 0 ? undefined : texts.reduce((sum, text) => sum + dropsIn(text, port), 0);
}

/** Sum of the last column, `drops`, over the sockets with this local port. */
export function dropsIn(table: string, port: number): number {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  let sum = 0;
  for (const line of table.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/);
    if (columns[LOCAL]?.endsWith(suffix)) sum += Number(columns[DROPS] ?? 0);
  }
  return sum;
}
