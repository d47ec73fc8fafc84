// Runs after every `npm ci` and `npm install`. Plain JavaScript: it has to run before anything else is known to work.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('.', import.meta.url));

const vite = await import('vite').catch((error) => {
  // An installation without devDependencies brings the console that was built before it.
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
});

if (vite !== undefined) {
  await vite.build({ root: ROOT, logLevel: 'warn' });
} else if (!existsSync(new URL('dist/index.html', import.meta.url))) {
  console.warn(
    'The console was not built, because devDependencies are not installed: the recorder runs without it.',
  );
}
