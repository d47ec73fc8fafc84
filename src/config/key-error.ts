import { readFile } from 'node:fs/promises';
import { ConfigError } from './config-error.ts';
import { keyName, lineOf } from './explain.ts';
import { keyLines } from './key-lines.ts';

/**
 * The error of a key whose value is valid and cannot be used all the same, with its line in the file.
 * @param pointer JSON pointer of the key
 */
export async function keyError(
  filename: string,
  pointer: string,
  message: string,
): Promise<ConfigError> {
  const text = await readFile(filename, 'utf8').catch(() => '');
  const problem = {
    line: lineOf(pointer, keyLines(text)),
    message: `${keyName(pointer)}: ${message}`,
  };
  return new ConfigError(filename, [problem]);
}
