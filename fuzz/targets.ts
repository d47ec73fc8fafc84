import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FuzzTarget } from './target.ts';

const folder = join(import.meta.dirname, 'targets');

/** The names of all targets: the files of their folder. */
export function targetNames(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -3));
}

/** Loads a target, and with it the code it is about. */
export async function loadTarget(name: string): Promise<FuzzTarget> {
  const { target } = (await import(`./targets/${name}.ts`)) as { target: FuzzTarget };
  return target;
}
