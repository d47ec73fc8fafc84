import t from 'tap';
import { Refusal } from '../../src/refusal.ts';
import type { CallName, Reply, Request } from '../../src/streams/calls.ts';
import { type PooledWorker, WorkerPool } from '../../src/workers/worker-pool.ts';
import { until } from '../server/until.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** A worker that replies when a test says so. */
class ManualWorker implements PooledWorker {
  readonly ready = Promise.resolve();
  isAlive = true;
  readonly calls: [CallName, object][] = [];
  autoStreams: readonly string[] | undefined;
  number: number | undefined;
  readonly #waiting: { resolve(reply: never): void; reject(error: Error): void }[] = [];
  readonly #onDeath: (error: Error) => void;

  constructor(onDeath: (error: Error) => void) {
    this.#onDeath = onDeath;
  }

  call<N extends CallName>(name: N, request: Request<N>): Promise<Reply<N>> {
    this.calls.push([name, request]);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  setNumber(number: number): void {
    this.number = number;
  }

  setAccepts(): void {}

  setAutoStreams(patterns: readonly string[]): void {
    this.autoStreams = patterns;
  }

  async close(): Promise<void> {}

  /** Replies to the oldest call that waits. */
  reply<N extends CallName>(_name: N, reply: Reply<N>): void {
    this.#waiting.shift()!.resolve(reply as never);
  }

  die(): void {
    this.isAlive = false;
    for (const { reject } of this.#waiting) reject(new Refusal('worker-lost', 'it ended'));
    this.#onDeath(new Error('killed'));
  }
}

function startPool(workers: number) {
  const started: ManualWorker[] = [];
  const mending = Promise.withResolvers<void>();
  const abandoned: string[] = [];
  const mended = Promise.withResolvers<string>();
  const pool = new WorkerPool({
    workers,
    start: ({ onDeath }) => {
      const worker = new ManualWorker(onDeath);
      started.push(worker);
      return worker;
    },
    closeAbandoned: (stream) => {
      abandoned.push(stream);
      return mending.promise;
    },
    onMended: mended.resolve,
    log: silent,
  });
  return { pool, started, abandoned, mend: mending.resolve, mended: mended.promise };
}

t.test('a stream stays with its worker, and new ones go where the fewest are', async (t) => {
  const { pool, started } = startPool(2);
  t.teardown(() => pool.close());
  const [first, second] = started;
  for (const stream of ['a', 'b', 'a', 'c']) void pool.call('status', { stream });
  t.same(first!.calls, [
    ['status', { stream: 'a' }],
    ['status', { stream: 'a' }],
    ['status', { stream: 'c' }],
  ]);
  t.same(second!.calls, [['status', { stream: 'b' }]]);
  await t.rejects(pool.call('status', { stream: '' }), { message: /must not be empty/ });
  t.equal(pool.whereIs(''), 'none');
});

t.test('a worker that dies in the middle of a call fails that call alone', async (t) => {
  const { pool, started, abandoned, mend, mended } = startPool(2);
  t.teardown(() => pool.close());
  const [first, second] = started;
  const lost = pool.call('unpublish', { stream: 'a', sessionId: '1' });
  const kept = pool.call('unpublish', { stream: 'b', sessionId: '2' });
  const all = pool.askAll('streams', {});
  pool.setAutoStreams(['cam*']);
  t.same(second!.autoStreams, ['cam*']);
  first!.die();
  await t.rejects(lost, { name: 'Refusal', reason: 'worker-lost' });
  t.same(abandoned, ['a'], 'what it had open is closed at once');
  t.equal(pool.whereIs('a'), 'lost');
  second!.reply('unpublish', undefined);
  t.equal(await kept, undefined);
  const status = { stream: 'b', state: 'live' as const, tracks: [] };
  second!.reply('streams', [status]);
  t.same(await all, [[status]], 'the others tell what they have');

  // No sockets keep this process alive until another worker is started.
  const alive = setInterval(() => {}, 1000);
  t.teardown(() => clearInterval(alive));
  const waiting = pool.call('stop', { stream: 'a' });
  t.ok(pool.isMending('a'));
  mend();
  t.equal(await mended, 'a');
  t.notOk(pool.isMending('a'));
  const isHeir = ({ calls }: ManualWorker) => calls.some(([name]) => name === 'stop');
  const heir = await until('it is asked of another', () => started.find(isHeir));
  t.ok(heir.isAlive);
  t.same(heir.autoStreams, ['cam*'], 'which has the patterns of now');
  t.equal(heir.number, 0, 'and the number of the dead one');
  heir.reply('stop', undefined);
  await waiting;
});

t.test('what a worker throws is thrown', async (t) => {
  const { pool, started } = startPool(1);
  t.teardown(() => pool.close());
  const [only] = started;
  const broken = new Error('broken');
  only!.call = () => Promise.reject(broken);
  await t.rejects(pool.askAll('streams', {}), broken);
});
