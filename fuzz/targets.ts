import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FuzzTarget } from './target.ts';

const FOLDER = join(import.meta.dirname, 'targets');

/** The names of all targets: the files of their folder. */
export function targetNames(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -3));
}

/** Where the module of a target is. */
export function targetUrl(name: string): string {
  return new URL(`./targets/${name}.ts`, import.meta.url).href;
}

/** Loads a target, and with it the code it is about. */
export async function loadTarget(url: string): Promise<FuzzTarget> {
  const { target } = (await import(url)) as { target: FuzzTarget };
  return target;
}
