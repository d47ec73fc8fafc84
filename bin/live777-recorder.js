#!/usr/bin/env node
// JavaScript that old versions of Node can read too, so that they say what is missing.
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED = [22, 18];

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  console.error(
    `live777-recorder needs Node ${NEEDED.join('.')} or later, and this is ${process.version} (${process.execPath})`,
  );
  process.exitCode = 1;
} else {
  // Before the first TypeScript, which would be stripped anew otherwise: that alone takes 10 MB of memory.
  nodeModule.enableCompileCache();
  const folder = dirname(dirname(fileURLToPath(import.meta.url)));
  // A clone has the sources, which run as they are; the package has what they were compiled to.
  import(existsSync(`${folder}/src/main.ts`) ? '../src/main.ts' : '../dist/src/main.js');
}
