import { readFile } from 'node:fs/promises';
import path from 'node:path';

const PROBE = path.join(import.meta.dirname, 'thread-probe.js');

/** Arguments of Node with which each thread of a recorder tells what it holds. */
export const PROBED = ['--import', PROBE];

/** What a thread holds after its garbage was collected. */
export interface ThreadFigures {
  /** How often figures were asked for. */
  round: number;
  /** 0 for the main thread. */
  threadId: number;
  /** Bytes. */
  heapUsed: number;
  external: number;
  arrayBuffers: number;
  /** Number of the timers, sockets and requests that keep the thread alive, by their names. */
  resources: Record<string, number>;
  /** Path of a snapshot of its heap, if these are written. */
  snapshot?: string;
}

/** Reads the figures of a line of stdout; undefined for another line. */
export function readThreadFigures(line: string): ThreadFigures | undefined {
  return line.startsWith('thread {') ? JSON.parse(line.slice('thread '.length)) : undefined;
}

/** Number of the objects in a heap snapshot, by the name of their constructor. */
export async function countObjects(snapshot: string): Promise<Map<string, number>> {
  const { snapshot: head, nodes, strings } = JSON.parse(await readFile(snapshot, 'utf8'));
  const { node_fields: fields, node_types: types } = head.meta;
  const isObject = ['object', 'native', 'closure'].map((type) => types[0].indexOf(type));
  const counts = new Map<string, number>();
  for (let i = 0; i < nodes.length; i += fields.length) {
    if (!isObject.includes(nodes[i])) continue;
    const name = strings[nodes[i + 1]];
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
