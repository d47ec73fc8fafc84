/**
 * `npm run fuzz` fuzzes every target for a minute; `npm run fuzz -- --target rtp --seconds 600` one of
 * them for longer, with `--keep` adding what it found worth keeping to the corpus; and
 * `npm run fuzz -- --target rtp --input FILE` runs one input. Exits with 1 after a finding.
 */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readCorpus, saveCrash, writeCorpus } from './corpus.ts';
import type { FuzzResult } from './fuzzer.ts';
import { fuzzTarget } from './supervisor.ts';
import { loadTarget, targetNames, targetUrl } from './targets.ts';

const { values } = parseArgs({
  options: {
    target: { type: 'string', multiple: true },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    input: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const names = values.target ?? targetNames();
const unknown = names.find((name) => !targetNames().includes(name));
if (unknown !== undefined) {
  print(`no target is named ${unknown}; there are ${targetNames().join(', ')}`);
  process.exit(2);
}
const seconds = Number(values.seconds);
const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
if (!(seconds >= 0) || !Number.isSafeInteger(seed)) {
  print('--seconds must be a number of at least 0, --seed a whole number');
  process.exit(2);
}

if (values.input !== undefined) {
  const target = await loadTarget(targetUrl(names[0]!));
  await target.run(readFileSync(values.input));
  print('passed');
} else {
  for (const name of names) {
    print(`${name}: ${seconds} s, seed ${seed}`);
    if (!(await fuzz(name))) process.exitCode = 1;
  }
}

/** Fuzzes one target; false when something was found. */
async function fuzz(name: string): Promise<boolean> {
  let passed = true;
  const options = { url: targetUrl(name), seed, seconds, corpus: readCorpus(name) };
  const result = await fuzzTarget(options, ({ what, input }) => {
    passed = false;
    print(`${name}: ${what}`);
    if (input === undefined) return;
    const path = saveCrash(name, Buffer.from(input));
    print(`repeat it with: npm run fuzz -- --target ${name} --input ${path}`);
  });
  if (result !== undefined) tell(name, result);
  return passed && result !== undefined;
}

function tell(name: string, result: FuzzResult): void {
  const share = Math.round((100 * result.covered) / result.total);
  print(
    `${name}: ${result.executions} executions, ${share} % of ${result.total} characters of code, ` +
      `${result.corpus.length} inputs of interest, slowest ${result.slowestMs.toFixed(1)} ms ` +
      `(${result.slowestInput.length} bytes)`,
  );
  for (const [file, part] of result.files) print(`  ${Math.round(part * 100)} %  ${file}`);
  if (!values.keep) return;
  writeCorpus(
    name,
    result.corpus.map((input) => Buffer.from(input)),
  );
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
