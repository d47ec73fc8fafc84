import { readFile } from 'node:fs/promises';
import t from 'tap';
import { compileSrtp } from '../../scripts/compile-wasm.ts';

t.test('the WebAssembly module is what its source becomes', async (t) => {
  const checkedIn = await readFile(new URL('../../src/rtp/srtp-wasm.ts', import.meta.url), 'utf8');
  t.equal(checkedIn, await compileSrtp(), 'npm run wasm writes it anew');
});
