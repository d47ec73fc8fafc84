import t from 'tap';
import { readCorpus } from '../../fuzz/corpus.ts';
import { mutate } from '../../fuzz/mutate.ts';
import { Random } from '../../fuzz/random.ts';
import { loadTarget, targetNames, targetUrl } from '../../fuzz/targets.ts';
import { repeat } from '../thoroughness.ts';

/** Fresh inputs for each target. */
const mutations = repeat(1000, 50);

for (const name of targetNames()) {
  t.test(`${name}: the corpus and changes of it`, async (t) => {
    const target = await loadTarget(targetUrl(name));
    t.teardown(() => target.close?.());
    const corpus = [...target.seeds(), ...readCorpus(name)];
    const random = new Random(777);
    // The longest inputs are for `npm run fuzz`, where there is time.
    const short = { ...target, maxBytes: Math.min(target.maxBytes, 4096) };
    const fresh = Array.from({ length: mutations }, () =>
      mutate(random.pick(corpus), corpus, short, random),
    );
    for (const [index, input] of [...corpus, ...fresh].entries()) {
      try {
        await target.run(input);
      } catch (error) {
        t.fail(`input ${index}, in base64 ${input.toString('base64')}`, { found: error });
        return;
      }
    }
    t.pass(`${corpus.length + fresh.length} inputs`);
  });
}
