import { readFile, writeFile } from 'node:fs/promises';
import wabt from 'wabt';

const SOURCE = new URL('../src/rtp/srtp.wat', import.meta.url);
const TARGET = new URL('../src/rtp/srtp-wasm.ts', import.meta.url);

/** The TypeScript module that `src/rtp/srtp.wat` becomes: its bytes in base64. */
export async function compileSrtp(): Promise<string> {
  const module = (await wabt()).parseWat('srtp.wat', await readFile(SOURCE), { simd: true });
  try {
    module.validate();
    const bytes = Buffer.from(module.toBinary({}).buffer).toString('base64');
    const lines = bytes.match(/.{1,90}/g)!.map((line) => `  '${line}',`);
    return `// Compiled from srtp.wat by \`npm run wasm\`.

/** The WebAssembly module, in base64. */
export const SRTP_WASM: string = [
${lines.join('\n')}
].join('');
`;
  } finally {
    module.destroy();
  }
}

if (import.meta.main) await writeFile(TARGET, await compileSrtp());
