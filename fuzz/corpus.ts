import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const FOLDER = join(import.meta.dirname, 'corpus');
const CRASH_FOLDER = join(import.meta.dirname, 'crashes');

/** The inputs that are kept in the repository for a target: one in base64 a line. */
export function readCorpus(target: string): Buffer[] {
  const path = corpusPath(target);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'latin1').split('\n');
  return lines.filter((line) => line !== '').map((line) => Buffer.from(line, 'base64'));
}

/** Writes the inputs that are to be kept for a target, in place of those before. */
export function writeCorpus(target: string, inputs: readonly Buffer[]): void {
  mkdirSync(FOLDER, { recursive: true });
  const lines = inputs.map((input) => `${input.toString('base64')}\n`);
  writeFileSync(corpusPath(target), lines.join(''));
}

/**
 * Keeps an input that was a finding.
 *
 * @returns its path, from the working directory
 */
export function saveCrash(target: string, input: Buffer): string {
  mkdirSync(CRASH_FOLDER, { recursive: true });
  const digest = createHash('sha256').update(input).digest('hex').slice(0, 12);
  const path = join(CRASH_FOLDER, `${target}-${digest}`);
  writeFileSync(path, input);
  return relative(process.cwd(), path);
}

function corpusPath(target: string): string {
  return join(FOLDER, `${target}.txt`);
}
