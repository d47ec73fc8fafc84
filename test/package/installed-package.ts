import { join } from 'node:path';

/** Folder in which the package is installed, as a user does. */
export const INSTALLED = join(import.meta.dirname, '../../node_modules/.cache/installed-package');

/** The oldest Node that package.json promises. */
export const OLDEST_NODE = '22.18.0';

/** Programs in that folder: ours, and the oldest Node. */
export const PROGRAMS = {
  recorder: join(INSTALLED, 'node_modules/.bin/live777-recorder'),
  oldestNode: join(INSTALLED, 'node_modules/node/bin/node'),
};

/** The command line that packs the package and installs it there, which no test does. */
export const INSTALL_PACKAGE = [
  process.execPath,
  join(import.meta.dirname, 'install-package.ts'),
] as const;
