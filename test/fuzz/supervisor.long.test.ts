import t from 'tap';
import type { Finding } from '../../fuzz/fuzzer.ts';
import { fuzzTarget } from '../../fuzz/supervisor.ts';
import { type Limits, USUAL_LIMITS } from '../../fuzz/watchdog.ts';

async function findings(
  planted: string,
  limits: Partial<Limits> = {},
  seconds = 60,
): Promise<Finding[]> {
  const found: Finding[] = [];
  const url = new URL(`./planted/${planted}.ts`, import.meta.url).href;
  const options = { url, seed: 1, seconds, corpus: [], mostFindings: 1 };
  await fuzzTarget(options, (finding) => found.push(finding), { ...USUAL_LIMITS, ...limits });
  return found;
}

t.test('finds what only coverage leads to', async (t) => {
  const [finding] = await findings('bug');
  t.match(finding?.what, /the planted bug/);
  t.equal(Buffer.from(finding!.input!).toString('latin1', 0, 4), 'word');
});

t.test('ends an input that does not end', async (t) => {
  const [finding] = await findings('hang', { hangCpuMs: 500 });
  t.match(finding?.what, /^Hang/);
  t.equal(finding!.input![0]! % 2, 1);
});

t.test('ends a target that takes too much memory', async (t) => {
  const [finding] = await findings('hog', { memoryBytes: 500 * 1024 * 1024 });
  t.match(finding?.what, /^Memory/);
});

t.test('tells of a target that waits for what never comes', async (t) => {
  const [finding] = await findings('wait');
  t.match(finding?.what, /^Hang/);
});

t.test('takes an empty input for no slow one', async (t) => {
  t.same(await findings('harmless', {}, 0), []);
});
