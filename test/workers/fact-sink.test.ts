import path from 'node:path';
import t from 'tap';
import { uptimeUs } from '../../src/clock/steady-clock.ts';
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
  const delays: number[] = [];
  facts.onIndexed = (seconds) => delays.push(seconds);
  const endedUs = uptimeUs();
  for (const n of [0, 1, 0, 2]) {
    const isNew = n !== 0;
    facts.take({ type: 'segment', segment: segment(n), ...(isNew && { endedUs }) });
  }
  await facts.idle();
  const { segments } = parse(index.page({ limit: 10 }));
  t.same(
    segments.map(({ path: at }) => at),
    [0, 1, 2].map((n) => segment(n).path),
    'in the order of their announcement',
  );
  t.equal(delays.length, 2, 'of those that are new');
  const most = (uptimeUs() - endedUs) / 1e6;
  t.ok(
    delays.every((seconds) => seconds > 0 && seconds <= most),
    'each is told how long it took',
  );
  facts.take({ type: 'segment', segment: segment(1) });
  await facts.close();
  t.equal(index.size, 3);
  await Promise.all([index.close(), catalogue.close()]);
});
