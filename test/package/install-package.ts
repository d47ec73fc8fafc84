/** Packs the package and installs it in a folder of its own, beside the oldest Node that it runs on. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { INSTALLED, OLDEST_NODE } from './installed-package.ts';

const REPOSITORY = join(import.meta.dirname, '../..');

function npm(folder: string, ...args: string[]): void {
  execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
}

mkdirSync(INSTALLED, { recursive: true });
npm(REPOSITORY, 'pack', '--silent', '--pack-destination', INSTALLED);
const { version } = JSON.parse(
  execFileSync('npm', ['pkg', 'get', 'name', 'version'], { cwd: REPOSITORY }).toString(),
) as { version: string };
// Without this, npm does not let the package `node` fetch its binary.
writeFileSync(
  join(INSTALLED, 'package.json'),
  '{ "private": true, "allowScripts": { "node": true } }',
);
const tarball = join(INSTALLED, `live777-recorder-${version}.tgz`);
npm(INSTALLED, 'install', '--silent', '--no-fund', '--no-audit', tarball, `node@${OLDEST_NODE}`);
