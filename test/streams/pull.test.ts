import t from 'tap';
import { WhepError } from '../../src/ingest/whep-error.ts';
import { Pull } from '../../src/streams/pull.ts';
import { ManualClock } from '../sources/manual-clock.ts';

/** How often a server is asked in an hour that answers each time with an error. */
async function attemptsInAnHour(error: Error): Promise<number> {
  const clock = new ManualClock();
  let attempts = 0;
  const target = { url: 'http://node/whep/cam1', node: 'http://node' };
  const pull = new Pull(
    { stream: 'cam1', targets: [target], publication: '' },
    {
      connect: async () => {
        attempts++;
        throw error;
      },
      onFailure: () => {},
      clock,
    },
  );
  for (let second = 0; second < 3600; second++) {
    await Promise.resolve().then(() => {});
    clock.advance(1000);
  }
  pull.stop();
  return attempts;
}

t.test('a server that is away is asked every half minute', async (t) => {
  const attempts = await attemptsInAnHour(new WhepError('refused', 'ECONNREFUSED'));
  t.ok(attempts > 120 && attempts < 260, `${attempts} times`);
});

t.test('a server that does not want us is asked every five minutes', async (t) => {
  for (const error of [
    new WhepError('server', '400: no audio', { status: 400 }),
    new WhepError('unauthorized', '401', { status: 401 }),
    new WhepError('bad-answer', 'no SDP'),
  ]) {
    const attempts = await attemptsInAnHour(error);
    t.ok(attempts > 12 && attempts < 40, `${error.message}: ${attempts} times`);
  }
});

t.test('tells what went wrong last with each node, until all is well again', async (t) => {
  const targets = ['http://a', 'http://b'].map((node) => ({ url: `${node}/whep/cam1`, node }));
  const plan = { stream: 'cam1', targets, publication: '' };
  const failures = [new WhepError('timeout', 'no reply in time'), undefined];
  const asked = Promise.withResolvers<void>();
  const pull = new Pull(plan, {
    connect: async () => {
      const failure = failures.shift();
      if (failure) throw failure;
      asked.resolve();
    },
    onFailure: () => {},
  });
  t.teardown(() => pull.stop());
  t.match(pull.status(), { node: 'http://a', connected: false, failures: [] });
  await asked.promise;
  const failure = { node: 'http://a', message: 'no reply in time', isUnauthorized: false };
  t.match(pull.status(), { node: 'http://b', connected: false, failures: [failure] });
  pull.connected();
  t.match(pull.status(), { node: 'http://b', connected: true, failures: [failure] });
  pull.lost('the node ended the session or is gone');
  t.same(
    pull.status().failures.map(({ node, message }) => `${node} ${message}`),
    ['http://a no reply in time', 'http://b the node ended the session or is gone'],
  );
  pull.update({ ...plan, targets: targets.slice(1) });
  t.same(
    pull.status().failures.map(({ node }) => node),
    ['http://b'],
    'what is pulled from no more is forgotten',
  );
});
