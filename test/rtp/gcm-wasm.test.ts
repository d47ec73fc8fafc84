import { readFile } from 'node:fs/promises';
import t from 'tap';
import { compileGcm } from '../../scripts/compile-wasm.ts';

t.test('the WebAssembly module is what its source becomes', async (t) => {
  const checkedIn = await readFile(new URL('../../src/rtp/gcm-wasm.ts', import.meta.url), 'utf8');
  t.equal(checkedIn, await compileGcm(), 'npm run wasm writes it anew');
});
