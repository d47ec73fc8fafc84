import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../node_modules/.cache/openapi-generator');

/**
 * openapi-typescript, with which a client is generated. It is no dependency, because it works with
 * TypeScript 5 alone and we have another.
 */
export const OPENAPI_GENERATOR = {
  /** Path of its program, once it is installed. */
  program: join(FOLDER, 'node_modules/.bin/openapi-typescript'),
  /** The command line that installs it, which no test does. */
  install: [
    ...['npm', 'install', '--no-save', '--no-fund', '--no-audit', '--prefix', FOLDER],
    ...['openapi-typescript@7.13.0', 'typescript@5.9.3'],
  ],
};
