import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../package-root.ts';

/** The configuration that comes with the program. */
const BUNDLED_CONFIG = join(PACKAGE_ROOT, 'config/live777.toml');

/** The configuration file where none is named: that of the working directory, else the bundled one. */
export function defaultConfigFile(): string {
  return existsSync('live777.toml') ? 'live777.toml' : BUNDLED_CONFIG;
}
