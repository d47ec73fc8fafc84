import { pino } from 'pino';
import t, { type Test } from 'tap';
import type { NodeStream } from '../../src/sources/node-streams.ts';
import { NodeWatch } from '../../src/sources/node-watch.ts';
import { ManualClock } from './manual-clock.ts';
import { answers, NodeStandIn, session, stream, until } from './node-stand-in.ts';

interface Listing {
  names: string[];
  unbroken: boolean;
}

interface Watched {
  watch: NodeWatch;
  clock: ManualClock;
  listings: Listing[];
  /** How often the node was lost. */
  losses: () => number;
  /** Everything that was logged, as text. */
  logged: () => string;
  is: (connection: string) => Promise<void>;
}

function follow(t: Test, url: string, token?: string): Watched {
  const clock = new ManualClock();
  const listings: Listing[] = [];
  const lines: string[] = [];
  let losses = 0;
  const watch = new NodeWatch({
    source: { url, ...(token === undefined ? {} : { token }) },
    clock,
    random: () => 1,
    log: pino({ level: 'trace' }, { write: (line) => lines.push(line) }),
    onListing: (streams: NodeStream[], unbroken) => {
      listings.push({ names: streams.map(({ stream }) => stream), unbroken });
    },
    onLost: () => losses++,
  });
  watch.start();
  t.teardown(() => watch.close());
  return {
    watch,
    clock,
    listings,
    losses: () => losses,
    logged: () => lines.join(''),
    is: (connection) => until(() => watch.state().connection === connection),
  };
}

t.test('follows the events of a node', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1')]);
  const { watch, listings, losses, is } = follow(t, node.url);
  t.match(watch.state(), { url: node.url, connection: 'connecting', liveStreams: 0 });
  await is('sse');
  t.strictSame(listings, [{ names: ['cam1'], unbroken: false }]);
  node.show([stream('cam1'), stream('cam2')]);
  await until(() => listings.length === 2);
  node.show([]);
  await until(() => listings.length === 3);
  t.strictSame(listings.slice(1), [
    { names: ['cam1', 'cam2'], unbroken: true },
    { names: [], unbroken: true },
  ]);
  t.equal(losses(), 0);
  t.equal(node.lists, 0);
  t.strictSame(node.others, []);
});

t.test('an event that comes in pieces, in the middle of a character', async (t) => {
  const node = await NodeStandIn.start(t);
  node.onEvents = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    const bytes = Buffer.from(`: hello\r\n\r\ndata: ${JSON.stringify([stream('é')])}\r\n\r\n`);
    const middle = bytes.indexOf(0xc3) + 1;
    response.write(bytes.subarray(0, middle), () => {
      setImmediate(() => response.write(bytes.subarray(middle)));
    });
  };
  const { listings, is } = follow(t, node.url);
  await is('sse');
  t.strictSame(listings, [{ names: ['é'], unbroken: false }]);
});

t.test('polls a node that has no events, and asks for them again later', async (t) => {
  for (const [name, refusal] of Object.entries({
    404: answers.status(404),
    405: answers.status(405),
    501: answers.status(501),
    'a page': answers.text('<!doctype html>', 'text/html'),
  })) {
    await t.test(name, async (t) => {
      const node = await NodeStandIn.start(t, [stream('cam1')]);
      node.onEvents = refusal;
      const { clock, listings, losses, is } = follow(t, node.url);
      await is('polling');
      node.streams = [];
      for (let polls = 1; polls < 4; polls++) {
        t.equal(node.lists, polls);
        clock.advance(2000);
        await until(() => listings.length === polls + 1);
      }
      t.strictSame(listings.slice(0, 2), [
        { names: ['cam1'], unbroken: false },
        { names: [], unbroken: true },
      ]);
      t.equal(node.subscriptions, 1);
      node.onEvents = undefined;
      clock.advance(300_000);
      await is('sse');
      t.equal(listings.at(-1)?.unbroken, true);
      t.equal(losses(), 0);
    });
  }
});

t.test('a node that sends no first listing is asked for it', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1')]);
  node.onEvents = answers.openAndHang;
  const { clock, listings, is } = follow(t, node.url);
  await until(() => node.subscriptions === 1 && clock.isDueWithin(1000));
  clock.advance(1000);
  await is('sse');
  t.strictSame(listings, [{ names: ['cam1'], unbroken: false }]);
});

t.test('a node where nothing happens is left in peace', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1'), stream('cam2')]);
  const { clock, listings, losses, is } = follow(t, node.url);
  await is('sse');
  for (let checks = 1; checks < 4; checks++) {
    clock.advance(14_999);
    t.equal(node.lists, checks - 1);
    clock.advance(1);
    await until(() => listings.length === checks + 1);
  }
  t.equal(node.subscriptions, 1);
  t.equal(losses(), 0);
});

t.test('events that stall while media flows are asked for anew', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1')]);
  const { clock, listings, losses, is } = follow(t, node.url);
  await is('sse');
  const more = { stats: { publish: { bytes: 1000, packets: 1, bitrate: 1 } } };
  node.streams = [stream('cam1', undefined, more), stream('cam2')];
  clock.advance(15_000);
  await until(() => listings.length === 2);
  t.strictSame(listings[1], { names: ['cam1', 'cam2'], unbroken: true }, 'nothing was missed');
  await until(() => clock.isDueWithin(500));
  clock.advance(500);
  await until(() => node.subscriptions === 2);
  await until(() => listings.length === 3);
  t.equal(listings[2]?.unbroken, true);
  t.equal(losses(), 0);
});

t.test('an event is newer than an answer that was asked for before it', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1')]);
  const { clock, listings, losses, is } = follow(t, node.url);
  await is('sse');
  let answerLate = () => {};
  node.onList = (_request, response) => {
    answerLate = () => response.end('[]');
  };
  clock.advance(15_000);
  await until(() => node.lists === 1);
  node.show([stream('cam1'), stream('cam2')]);
  await until(() => listings.length === 2);
  answerLate();
  node.onList = undefined;
  clock.advance(15_000);
  await until(() => listings.length === 3);
  t.strictSame(
    listings.map(({ names }) => names.length),
    [1, 2, 2],
  );
  t.equal(node.subscriptions, 1);
  t.equal(losses(), 0);
});

t.test('a restart while it is polled', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1')]);
  node.onEvents = answers.status(404);
  const { clock, listings, is } = follow(t, node.url);
  await is('polling');
  await node.stop();
  clock.advance(2000);
  await is('unreachable');
  node.streams = [];
  await node.listen();
  clock.advance(500);
  await is('polling');
  t.strictSame(listings.at(-1), { names: [], unbroken: false });
});

t.test('a node that hangs with its events open', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1')]);
  const { watch, clock, losses, is } = follow(t, node.url);
  await is('sse');
  node.onList = answers.hang;
  node.onEvents = answers.hang;
  clock.advance(15_000);
  await until(() => node.lists === 1);
  t.equal(losses(), 0);
  clock.advance(10_000);
  await is('unreachable');
  t.equal(losses(), 1);
  t.match(watch.state(), { error: 'does not respond within 10 s', liveStreams: 0 });
  node.onList = undefined;
  node.onEvents = undefined;
  clock.advance(500);
  await is('sse');
  t.notOk('error' in watch.state());
});

t.test('a node that takes connections and never answers', async (t) => {
  const node = await NodeStandIn.start(t);
  node.onEvents = answers.hang;
  const { watch, clock, is } = follow(t, node.url);
  await until(() => node.subscriptions === 1);
  clock.advance(10_000);
  await is('unreachable');
  t.equal(watch.state().error, 'does not respond within 10 s');
});

t.test('a node that begins a listing and never ends it', async (t) => {
  const node = await NodeStandIn.start(t);
  node.onEvents = answers.status(404);
  node.onList = (_request, response) => {
    response.writeHead(200).write('[');
  };
  const { watch, clock, is } = follow(t, node.url);
  await until(() => node.lists === 1);
  clock.advance(10_000);
  await is('unreachable');
  t.equal(watch.state().error, 'does not respond within 10 s');
});

t.test('a node that is not there is tried ever more rarely', async (t) => {
  const node = await NodeStandIn.start(t);
  await node.stop();
  const { watch, clock, losses, is } = follow(t, node.url);
  await is('unreachable');
  t.equal(watch.state().error, 'ECONNREFUSED');
  for (const [index, ms] of [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000].entries()) {
    clock.advance(ms - 1);
    t.equal(losses(), index + 1);
    clock.advance(1);
    await until(() => losses() === index + 2);
  }
  await node.listen();
  clock.advance(30_000);
  await is('sse');
});

t.test('a restart on the same port', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1')]);
  const { clock, listings, losses, is } = follow(t, node.url);
  await is('sse');
  clock.advance(6000);
  await node.stop();
  await is('unreachable');
  t.equal(losses(), 1);
  node.streams = [];
  await node.listen();
  clock.advance(500);
  await is('sse');
  t.strictSame(listings.at(-1), { names: [], unbroken: false });
});

t.test('events that end are asked for anew at once', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1')]);
  const { clock, listings, losses, is } = follow(t, node.url);
  await is('sse');
  clock.advance(6000);
  node.endEvents();
  await until(() => node.subscriptions === 2 && listings.length === 2);
  t.equal(listings[1]?.unbroken, false);
  t.equal(losses(), 0);
});

t.test('events that end again and again give way to polling', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1')]);
  node.onEvents = answers.text('data: []\n\n', 'text/event-stream');
  const { clock, losses, is } = follow(t, node.url);
  for (let ends = 1; ends < 3; ends++) {
    await until(() => node.subscriptions === ends && clock.isDueWithin(500));
    clock.advance(500);
  }
  await is('polling');
  t.equal(node.subscriptions, 3);
  t.equal(losses(), 0);
});

t.test('a token that is not accepted', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1')]);
  node.token = 'the right one';
  const { watch, clock, losses, logged, is } = follow(t, node.url, 'secret-token');
  await is('unauthorized');
  t.equal(losses(), 1);
  t.equal(watch.state().error, 'does not accept the token (401)');
  clock.advance(59_000);
  t.equal(node.subscriptions, 1);
  node.token = 'secret-token';
  clock.advance(1000);
  await is('sse');
  t.notMatch(logged() + JSON.stringify(watch.state()), 'secret-token');
});

t.test('what 401 without a token and 403 say', async (t) => {
  const node = await NodeStandIn.start(t);
  node.token = 'needed';
  const without = follow(t, node.url);
  await without.is('unauthorized');
  t.equal(without.watch.state().error, 'requires a token (401)');
  node.onEvents = answers.status(403);
  const scoped = follow(t, node.url, 'needed');
  await scoped.is('unauthorized');
  t.match(scoped.watch.state().error, 'must be valid for all streams');
});

t.test('a token that cannot be sent shows nowhere', async (t) => {
  const node = await NodeStandIn.start(t);
  const { watch, logged, is } = follow(t, node.url, 'secret\ntoken');
  await is('unreachable');
  t.notMatch(JSON.stringify([logged(), watch.state()]), 'secret');
});

t.test('a node that answers nonsense', async (t) => {
  const whole = JSON.stringify([stream('cam1')]);
  for (const [nonsense, error] of [
    ['', 'does not reply with JSON'],
    [whole.slice(0, -9), 'does not reply with JSON'],
    ['<html>', 'does not reply with JSON'],
    ['{"streams":[]}', 'does not reply with a list of streams'],
    ['[null]', 'does not reply with a list of streams'],
    ['[{"id":"cam1"}]', 'does not reply with a list of streams'],
    ['[{"id":"cam1","publish":{"sessions":[{"id":7}]}}]', 'does not reply with a list of streams'],
  ] as const) {
    await t.test(nonsense, async (t) => {
      const node = await NodeStandIn.start(t, [stream('cam1')]);
      node.onEvents = answers.status(404);
      node.onList = answers.text(nonsense);
      const { watch, clock, listings, losses, is } = follow(t, node.url);
      await is('unreachable');
      t.match(watch.state().error, error);
      t.equal(losses(), 1);
      t.strictSame(listings, []);
      node.onList = undefined;
      clock.advance(500);
      await is('polling');
    });
  }
  await t.test('as an event', async (t) => {
    const node = await NodeStandIn.start(t);
    node.onEvents = answers.text('data: [{}]\n\n', 'text/event-stream');
    const { watch, is } = follow(t, node.url);
    await is('unreachable');
    t.match(watch.state().error, 'does not reply with a list of streams');
  });
  for (const status of [204, 302, 500, 503]) {
    await t.test(`status ${status}`, async (t) => {
      const node = await NodeStandIn.start(t);
      node.onEvents = answers.status(status);
      const { watch, is } = follow(t, node.url);
      await is('unreachable');
      t.match(watch.state().error, new RegExp(`answers ${status} to GET /api/sse/streams`));
    });
  }
});

t.test('names that cannot be recorded are left out, and said once', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1'), stream('..'), stream('segments')]);
  const { listings, logged, is } = follow(t, node.url);
  await is('sse');
  node.show(node.streams);
  await until(() => listings.length === 2);
  t.strictSame(listings[1]?.names, ['cam1']);
  t.equal(logged().split('cannot be used as paths').length, 2);
});

t.test('counts live streams only', async (t) => {
  const node = await NodeStandIn.start(t, [
    stream('a'),
    stream('b', [session('x', { state: 'closed', leaveAt: 5 })]),
    stream('c', []),
  ]);
  const { watch, is } = follow(t, node.url);
  await is('sse');
  t.equal(watch.state().liveStreams, 1);
});

t.test('closes at any moment', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1')]);
  const early = follow(t, node.url);
  await early.watch.close();
  const late = follow(t, node.url);
  await late.is('sse');
  await late.watch.close();
  await until(() => node.followers === 0);
  node.onEvents = answers.hang;
  const hanging = follow(t, node.url);
  const { subscriptions } = node;
  await until(() => node.subscriptions > subscriptions);
  await hanging.watch.close();
  node.onEvents = answers.status(404);
  const polling = follow(t, node.url);
  await polling.is('polling');
  await polling.watch.close();
  t.equal(polling.losses() + late.losses() + hanging.losses(), 0);
});
