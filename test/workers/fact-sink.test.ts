import path from 'node:path';
import t from 'tap';
import { FactSink } from '../../src/workers/fact-sink.ts';
import { openCatalogue } from '../record-catalogue/open-catalogue.ts';
import { openIndex, parse, segment } from '../segment-index/open-index.ts';

t.test('a segment that is announced twice in one turn is listed once', async (t) => {
  const folder = t.testdir();
  const { index } = await openIndex(path.join(folder, 'segments.jsonl'));
  const { catalogue } = await openCatalogue(path.join(folder, 'records.jsonl'));
  const log = {
    debug() {},
    info() {},
    warn() {},
    error: (_: object, message: string) => void t.fail(message),
  };
  const facts = new FactSink(index, catalogue, undefined, log);
  for (const n of [0, 1, 0, 2]) facts.take({ type: 'segment', segment: segment(n) });
  await facts.idle();
  const { segments } = parse(index.page({ limit: 10 }));
  t.same(
    segments.map(({ path: at }) => at),
    [0, 1, 2].map((n) => segment(n).path),
    'in the order of their announcement',
  );
  facts.take({ type: 'segment', segment: segment(1) });
  await facts.close();
  t.equal(index.size, 3);
  await Promise.all([index.close(), catalogue.close()]);
});
