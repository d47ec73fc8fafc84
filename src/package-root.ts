import { findPackageJSON } from 'node:module';
import { dirname } from 'node:path';

/**
 * Folder of this package, which has package.json and all that is read but not compiled. The compiled
 * modules are a folder deeper below it than the sources.
 */
export const PACKAGE_ROOT: string = dirname(findPackageJSON(import.meta.url)!);
