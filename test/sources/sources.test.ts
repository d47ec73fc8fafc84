import { pino } from 'pino';
import t, { type Test } from 'tap';
import { shardOf } from '../../src/sources/shard.ts';
import type { SourceConfig } from '../../src/sources/source-options.ts';
import { Sources, type SourcesOptions } from '../../src/sources/sources.ts';
import { ManualClock } from './manual-clock.ts';
import { answers, NodeStandIn, session, stream, until } from './node-stand-in.ts';

interface Followed {
  sources: Sources;
  clock: ManualClock;
  /** What was told so far: `pull cam1 NODE NODE`, `hold cam1`, `release cam1`. */
  told: string[];
  /** Waits for a number of things told. */
  heard: (count: number) => Promise<void>;
  publications: string[];
  are: (...connections: string[]) => Promise<void>;
}

/** @param nodes named A, B, … in what was told */
function follow(
  t: Test,
  nodes: NodeStandIn[],
  more: Partial<SourcesOptions> = {},
  sourceList: SourceConfig[] = nodes.map(({ url }) => ({ url })),
): Followed {
  const clock = new ManualClock();
  const told: string[] = [];
  const publications: string[] = [];
  const nameOf = (url: string) => {
    const index = nodes.findIndex((node) => node.url === url);
    return index < 0 ? url : String.fromCharCode(65 + index);
  };
  const sources = new Sources({
    sources: sourceList,
    autoStreams: ['*'],
    resumeGraceMs: 30_000,
    log: pino({ level: 'silent' }),
    clock,
    random: () => 1,
    events: {
      onPull: ({ stream, targets, publication }) => {
        told.push(['pull', stream, ...targets.map(({ node }) => nameOf(node))].join(' '));
        publications.push(publication);
      },
      onHold: (stream) => told.push(`hold ${stream}`),
      onRelease: (stream) => told.push(`release ${stream}`),
    },
    ...more,
  });
  sources.start();
  t.teardown(() => sources.close());
  return {
    sources,
    clock,
    told,
    heard: (count) => until(() => told.length >= count),
    publications,
    are: (...connections) =>
      until(() => sources.state().every((state, i) => state.connection === connections[i])),
  };
}

/** Lets time pass while a node has something to tell every few seconds, as one with media does. */
async function passLively(
  { sources, clock }: Followed,
  node: NodeStandIn,
  seconds: number,
): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 5) {
    clock.advance(5000);
    const tick = `tick-${clock.now()}`;
    node.show([...node.streams.filter(({ id }) => !id.startsWith('tick')), stream(tick)]);
    await until(() => sources.has(tick));
  }
}

t.test('streams that match are pulled from when they are live until they end', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1'), stream('cam2', []), stream('door')]);
  node.token = 'secret';
  const plans: object[] = [];
  const { sources, told, heard } = follow(
    t,
    [node],
    {
      autoStreams: ['cam*'],
      events: {
        onPull: (plan) => {
          plans.push(plan);
          told.push(plan.stream);
        },
        onRelease: (stream) => told.push(`release ${stream}`),
      },
    },
    [{ url: node.url, token: 'secret' }],
  );
  await heard(1);
  t.strictSame(plans, [
    {
      stream: 'cam1',
      targets: [{ url: `${node.url}/whep/cam1`, token: 'secret', node: node.url }],
      publication: 'cam1-publisher@1',
    },
  ]);
  t.ok(sources.has('cam1'));
  t.notOk(sources.has('cam2'));
  t.ok(sources.has('door'));
  t.strictSame(sources.streams(), [
    { stream: 'cam1', nodes: [node.url], codecs: ['H264'] },
    { stream: 'door', nodes: [node.url], codecs: ['H264'] },
  ]);
  node.show([stream('cam1'), stream('cam2'), stream('cam ä?')]);
  await heard(3);
  t.match(plans.slice(1), [
    { stream: 'cam ä?', targets: [{ url: `${node.url}/whep/cam%20%C3%A4%3F` }] },
    { stream: 'cam2' },
  ]);
  const left = session('cam1-publisher', { state: 'closed', leaveAt: 5 });
  node.show([stream('cam1', [left]), stream('cam2'), stream('cam ä?')]);
  await heard(4);
  t.equal(told[3], 'release cam1');
  t.notOk(sources.has('cam1'));
  t.strictSame(node.others, [], 'nothing else was asked');
});

t.test(
  'a live stream that nobody asked for is told of once, for as long as it stays',
  async (t) => {
    const node = await NodeStandIn.start(t, [stream('cam1'), stream('door'), stream('idle', [])]);
    const lines: string[] = [];
    const log = {
      debug: () => {},
      warn: () => {},
      info: (fields: object, message: string) => lines.push(`${JSON.stringify(fields)} ${message}`),
    };
    const { sources, heard } = follow(t, [node], { autoStreams: ['cam*'], log });
    await heard(1);
    const left = () => lines.filter((line) => line.includes('not recorded'));
    await until(() => left().length > 0);
    node.show([stream('cam1'), stream('door'), stream('cam2')]);
    await heard(2);
    t.match(left(), [/"door".*no pattern of auto_streams matches/]);
    sources.unwant('cam1');
    node.show([stream('cam1'), stream('cam2'), stream('cam3')]);
    await heard(3);
    t.equal(left().length, 1, 'one that was stopped by name is no surprise');
    node.show([stream('cam1'), stream('cam2'), stream('cam3'), stream('door')]);
    await until(() => left().length === 2);
  },
);

t.test('a publisher that comes anew is told, statistics are not', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1')]);
  const { told, publications, heard } = follow(t, [node]);
  await heard(1);
  node.show([
    stream('cam1', undefined, { stats: { publish: { bytes: 9, packets: 9, bitrate: 9 } } }),
  ]);
  node.show([stream('cam1', [session('another')])]);
  await heard(2);
  t.strictSame(told, ['pull cam1 A', 'pull cam1 A']);
  t.strictSame(publications, ['cam1-publisher@1', 'another@1']);
});

t.test('a node that loses sight of its network for a moment', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1')]);
  const { sources, told, heard } = follow(t, [node]);
  await heard(1);
  node.show([stream('cam1', [session('cam1-publisher', { state: 'disconnected' })])]);
  await heard(2);
  t.notOk(sources.has('cam1'));
  node.show([stream('cam1')]);
  await heard(3);
  node.show([stream('cam1', [session('cam1-publisher', { state: 'disconnected' })])]);
  await heard(4);
  node.show([]);
  await heard(5);
  t.strictSame(told, ['pull cam1 A', 'hold cam1', 'pull cam1 A', 'hold cam1', 'release cam1']);
  node.show([stream('cam1', [session('x', { state: 'disconnected' })]), stream('cam2')]);
  await heard(6);
  t.equal(told[5], 'pull cam2 A', 'what was not live does not become so by wavering');
});

t.test('a node that restarts within the grace', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1'), stream('cam2')]);
  const { sources, told, publications, clock, heard, are } = follow(t, [node]);
  await heard(2);
  clock.advance(10_000);
  for (let restart = 1; restart <= 3; restart++) {
    told.length = 0;
    await node.stop();
    await heard(2);
    t.strictSame(told, ['hold cam1', 'hold cam2']);
    t.notOk(sources.has('cam1'));
    node.streams = [];
    await node.listen();
    clock.advance(500);
    await are('sse');
    t.equal(told.length, 2, 'it is empty at first');
    clock.advance(20_000);
    node.show([stream('cam1', [session(`restart-${restart}`)])]);
    await heard(3);
    node.show([stream('cam1', [session(`restart-${restart}`)]), stream('cam2')]);
    await heard(4);
    t.strictSame(told.slice(2), ['pull cam1 A', 'pull cam2 A']);
    t.equal(publications.at(-2), `restart-${restart}@1`);
  }
  clock.advance(14_000);
  t.equal(told.length, 4);
});

t.test('a node that comes back as it was', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1')]);
  const { told, publications, clock, heard, are } = follow(t, [node]);
  await heard(1);
  clock.advance(6000);
  node.endEvents();
  await until(() => node.subscriptions === 2);
  await are('sse');
  t.strictSame(told, ['pull cam1 A'], 'nobody need know');
  clock.advance(6000);
  await node.stop();
  await heard(2);
  await node.listen();
  clock.advance(500);
  await heard(3);
  t.strictSame(told, ['pull cam1 A', 'hold cam1', 'pull cam1 A']);
  t.equal(publications[0], publications[1], 'the publication is the same');
});

t.test('a publisher that left while the node was out of sight', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1')]);
  const { told, clock, heard } = follow(t, [node]);
  await heard(1);
  clock.advance(6000);
  node.streams = [stream('cam1', [session('cam1-publisher', { state: 'closed', leaveAt: 7 })])];
  node.endEvents();
  await heard(2);
  t.strictSame(
    told,
    ['pull cam1 A', 'release cam1'],
    'the node remembers, so it has not restarted',
  );
});

t.test('a node that stays away for longer than the grace', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1')]);
  const { sources, told, clock, heard } = follow(t, [node]);
  await heard(1);
  clock.advance(6000);
  await node.stop();
  await heard(2);
  clock.advance(29_999);
  t.strictSame(told, ['pull cam1 A', 'hold cam1']);
  clock.advance(1);
  t.strictSame(told, ['pull cam1 A', 'hold cam1', 'release cam1']);
  t.strictSame(sources.streams(), []);
});

t.test('a node that restarts without the stream', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1'), stream('cam2')]);
  const followed = follow(t, [node], { autoStreams: ['cam*'] });
  const { told, clock, heard, are } = followed;
  await heard(2);
  clock.advance(6000);
  await node.stop();
  await heard(4);
  node.streams = [];
  await node.listen();
  clock.advance(500);
  await are('sse');
  node.show([stream('cam2')]);
  await heard(5);
  await passLively(followed, node, 25);
  clock.advance(4499);
  t.equal(told.length, 5);
  clock.advance(1);
  t.strictSame(told.slice(4), ['pull cam2 A', 'release cam1']);
});

t.test('a wrong token after a while, and nonsense', async (t) => {
  for (const trouble of [answers.status(401), answers.text('[{}]'), answers.hang]) {
    const node = await NodeStandIn.start(t, [stream('cam1')]);
    const { told, clock, heard } = follow(t, [node]);
    await heard(1);
    clock.advance(6000);
    node.onEvents = trouble;
    node.onList = trouble;
    node.endEvents();
    await until(() => node.subscriptions === 2);
    clock.advance(10_000);
    await heard(2);
    clock.advance(30_000);
    t.strictSame(told, ['pull cam1 A', 'hold cam1', 'release cam1']);
  }
});

t.test('two nodes that have the same stream', async (t) => {
  const pulled = session('relay', { cascade: { sourceUrl: 'http://internal:7777/whep/cam1' } });
  for (const swapped of [false, true]) {
    const origin = await NodeStandIn.start(t, [stream('cam1')]);
    const relay = await NodeStandIn.start(t, [stream('cam1', [pulled])]);
    // The order of the configuration says nothing.
    const nodes = swapped ? [relay, origin] : [origin, relay];
    const [first, second] = swapped ? ['B', 'A'] : ['A', 'B'];
    const followed = follow(t, nodes, { autoStreams: ['cam*'], resumeGraceMs: 60_000 });
    const { sources, told, publications, clock, heard } = followed;
    await heard(1);
    t.strictSame(told, [`pull cam1 ${first} ${second}`]);
    t.strictSame(publications, ['cam1-publisher@1']);
    t.strictSame(sources.streams()[0]?.nodes, [origin.url, relay.url]);
    clock.advance(6000);
    await origin.stop();
    await heard(2);
    t.equal(told[1], `pull cam1 ${second}`, 'fails over');
    await passLively(followed, relay, 65);
    t.equal(told.length, 2, 'the grace of the one is not that of the stream');
    await relay.stop();
    await heard(3);
    t.equal(told[2], 'hold cam1');
    await origin.listen();
    clock.advance(30_000);
    await heard(4);
    t.equal(told[3], `pull cam1 ${first}`);
  }
});

t.test('a node that another pushes to is a relay', async (t) => {
  const relay = await NodeStandIn.start(t, [stream('cam1', [session('pushed')])]);
  const targetUrl = `${relay.url}/whip/cam1`;
  const origin = await NodeStandIn.start(t, [
    stream('cam1', undefined, {
      subscribe: { leaveAt: 0, sessions: [session('push', { cascade: { targetUrl } })] },
    }),
  ]);
  for (const nodes of [
    [relay, origin],
    [origin, relay],
  ]) {
    const { sources, heard } = follow(t, nodes);
    await heard(1);
    t.strictSame(sources.streams()[0]?.nodes, [origin.url, relay.url]);
  }
});

t.test('the end on one of two nodes', async (t) => {
  const a = await NodeStandIn.start(t, [stream('cam1')]);
  const b = await NodeStandIn.start(t, [stream('cam1')]);
  const { told, heard } = follow(t, [a, b]);
  await heard(1);
  t.match(told[0], /^pull cam1 (A B|B A)$/);
  a.show([]);
  await heard(2);
  b.show([]);
  await heard(3);
  t.strictSame(told.slice(1), ['pull cam1 B', 'release cam1']);
});

t.test('streams of equal nodes are spread over them', async (t) => {
  const streams = Array.from({ length: 200 }, (_, index) => stream(`cam${index}`));
  const a = await NodeStandIn.start(t, streams);
  const b = await NodeStandIn.start(t, streams);
  const { told, heard } = follow(t, [a, b]);
  await heard(200);
  t.equal(told.length, 200, 'each is pulled once');
  const fromA = told.filter((line) => line.endsWith(' A B')).length;
  t.ok(fromA > 60 && fromA < 140, `${fromA} of 200`);
});

t.test('nothing waits for a node that hangs', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1')]);
  const hanging = await NodeStandIn.start(t);
  hanging.onEvents = answers.hang;
  const { told, clock, are, heard } = follow(t, [hanging, node]);
  await are('connecting', 'sse');
  t.strictSame(told, [], 'it may be the better one');
  clock.advance(1000);
  await heard(1);
  t.strictSame(told, ['pull cam1 B']);
});

t.test('a Liveman', async (t) => {
  const liveman = await NodeStandIn.start(t);
  liveman.onEvents = answers.text('not found', 'text/plain');
  const viewed = {
    codecs: [],
    statsScope: 'clusterNodeWork',
  };
  const origin = session('origin');
  const relay = session('relay', { cascade: { sourceUrl: 'http://node1:7777/whep/cam1' } });
  const recorder = session('us', { cascade: { sourceUrl: `${liveman.url}/whep/cam1` } });
  liveman.streams = [stream('cam1', [relay, origin], viewed)];
  const { sources, told, publications, clock, heard, are } = follow(t, [liveman]);
  await are('polling');
  await heard(1);
  t.strictSame(sources.streams(), [{ stream: 'cam1', nodes: [liveman.url], codecs: [] }]);
  t.match(publications[0], 'origin@1');
  // The recorder is one of its nodes.
  liveman.streams = [stream('cam1', [recorder, relay, origin], viewed)];
  clock.advance(2000);
  await until(() => liveman.lists === 2 && clock.isDueWithin(2000));
  liveman.streams = [stream('cam1', [recorder], viewed)];
  clock.advance(2000);
  await heard(2);
  t.strictSame(told, ['pull cam1 A', 'release cam1']);
});

t.test('three recorders: each stream is pulled by exactly one', async (t) => {
  const names = Array.from({ length: 60 }, (_, index) => `cam${index}`);
  const node = await NodeStandIn.start(
    t,
    names.map((name) => stream(name)),
  );
  const fixed = { whep: 'http://door/whep', stream: 'door' };
  const recorders = [0, 1, 2].map((index) =>
    follow(t, [node], { shard: { index, count: 3 } }, [{ url: node.url }, fixed]),
  );
  await until(() => recorders.reduce((sum, { told }) => sum + told.length, 0) >= 61);
  const pulled = recorders.map(({ told }) => told.map((line) => line.split(' ')[1]!));
  t.strictSame(pulled.flat().sort(), [...names, 'door'].sort());
  pulled.forEach((streams, index) => {
    t.ok(streams.length > 0);
    t.ok(streams.every((name) => shardOf(name, 3) === index));
  });
  const [, second] = recorders;
  const other = names.find((name) => shardOf(name, 3) === 0)!;
  second!.sources.want(other);
  t.equal(second!.told.at(-1), `pull ${other} A`, 'an operator may ask any of them');
});

t.test('what an operator asks for', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1')]);
  const { sources, told, heard } = follow(t, [node], { autoStreams: ['auto*'] });
  await until(() => sources.has('cam1'));
  sources.want('cam1');
  t.strictSame(told, ['pull cam1 A']);
  sources.want('cam1');
  sources.want('cam2');
  t.equal(told.length, 1);
  node.show([stream('cam2')]);
  await heard(3);
  t.strictSame(told.slice(1).sort(), ['pull cam2 A', 'release cam1']);
  sources.unwant('cam2');
  node.show([stream('cam2', [session('again')]), stream('cam1')]);
  await heard(4);
  node.show([]);
  await heard(5);
  t.strictSame(told.slice(3), ['pull cam1 A', 'release cam1']);
});

t.test('what an operator stops', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1'), stream('cam2')]);
  const { sources, told, clock, heard, are } = follow(t, [node]);
  await heard(2);
  sources.unwant('cam1');
  node.show([stream('cam1', [session('another')]), stream('cam2', [session('another')])]);
  await heard(3);
  t.strictSame(told.slice(2), ['pull cam2 A'], 'not while this publication lasts');
  clock.advance(6000);
  await node.stop();
  await heard(4);
  await node.listen();
  clock.advance(500);
  await are('sse');
  await heard(5);
  t.strictSame(told.slice(3), ['hold cam2', 'pull cam2 A'], 'nor when its node comes back');
  node.show([stream('cam2', [session('another')])]);
  await until(() => !sources.has('cam1'));
  node.show([stream('cam1'), stream('cam2', [session('another')])]);
  await heard(6);
  t.equal(told[5], 'pull cam1 A', 'the next one is another matter');
  sources.unwant('cam1');
  sources.want('cam1');
  t.equal(told[6], 'pull cam1 A');
});

t.test('a stream that is fetched on demand is not awakened unless asked for', async (t) => {
  const onDemand = { onDemand: true, provisioned: true };
  const idle = stream('cam1', [], onDemand);
  const running = stream('cam1', [session('virtual-source')], onDemand);
  const node = await NodeStandIn.start(t, [idle]);
  const { sources, told, heard, are } = follow(t, [node]);
  await are('sse');
  t.notOk(sources.has('cam1'));
  t.strictSame(told, []);
  sources.want('cam1');
  t.strictSame(told, ['pull cam1 A']);
  node.show([running]);
  await heard(2);
  node.show([idle]);
  await heard(3);
  t.strictSame(told.slice(1), ['pull cam1 A', 'pull cam1 A'], 'it stays asked for');
  sources.unwant('cam1');
  node.show([running]);
  await heard(4);
  node.show([idle]);
  await heard(5);
  t.strictSame(told.slice(3), ['pull cam1 A', 'release cam1'], 'a viewer started it');
});

t.test('endpoints of their own', async (t) => {
  const node = await NodeStandIn.start(t, [stream('door'), stream('cam1')]);
  const door = { whep: 'http://other:8889/door/whep?key=secret', stream: 'door', token: 'secret' };
  const spare = { whep: 'http://spare:8889/door/whep', stream: 'door' };
  const plans: unknown[] = [];
  const alone = follow(
    t,
    [],
    {
      autoStreams: [],
      events: { onPull: (plan) => plans.push(plan), onRelease: () => plans.push('release') },
    },
    [door, spare],
  );
  t.strictSame(
    plans,
    [
      {
        stream: 'door',
        targets: [
          { url: door.whep, token: 'secret', node: 'http://other:8889/door/whep' },
          { url: spare.whep, node: 'http://spare:8889/door/whep' },
        ],
        publication: '',
      },
    ],
    'always wanted, at once',
  );
  t.ok(alone.sources.has('door'));
  t.strictSame(alone.sources.state(), []);
  alone.sources.unwant('door');
  alone.sources.want('door');
  t.equal(plans.length, 2);

  const both = follow(t, [node], { autoStreams: [] }, [door, { url: node.url }]);
  await both.heard(1);
  t.strictSame(both.told, ['pull door http://other:8889/door/whep A']);
  node.show([]);
  await both.heard(2);
  t.strictSame(both.told.slice(1), ['pull door http://other:8889/door/whep']);
});

t.test('tells nothing once it is closed', async (t) => {
  const node = await NodeStandIn.start(t, [stream('cam1')]);
  const { sources, told, clock, heard } = follow(t, [node]);
  await heard(1);
  await sources.close();
  await until(() => node.followers === 0);
  sources.want('cam2');
  clock.advance(100_000);
  t.strictSame(told, ['pull cam1 A']);
});

t.test('other sources and patterns while it runs', async (t) => {
  const first = await NodeStandIn.start(t, [stream('cam1'), stream('cam2')]);
  const second = await NodeStandIn.start(t, [stream('cam2'), stream('door')]);
  const followed = follow(t, [first, second], { autoStreams: ['cam*'] }, [{ url: first.url }]);
  const { sources, told, heard } = followed;
  await heard(2);
  t.strictSame(told.splice(0).sort(), ['pull cam1 A', 'pull cam2 A']);
  const both = [{ url: first.url }, { url: second.url }];
  sources.apply({ sources: both, autoStreams: ['cam*'] });
  await heard(1);
  t.match(told.splice(0), [/^pull cam2 (A B|B A)$/], 'nothing else is disturbed');
  await followed.are('sse', 'sse');

  sources.apply({ sources: both, autoStreams: ['cam2', 'door'] });
  t.strictSame(told.splice(0).sort(), ['pull door B', 'release cam1']);
  sources.want('cam1');
  t.strictSame(told.splice(0), ['pull cam1 A']);
  sources.apply({ sources: both, autoStreams: ['door'] });
  t.strictSame(told.splice(0), ['release cam2'], 'not what was asked for by name');

  const whep = { whep: 'http://127.0.0.1:1/whep?key=k', stream: 'gate' };
  sources.apply({ sources: [{ url: second.url }, whep], autoStreams: ['*'] });
  t.strictSame(told.splice(0).sort(), [
    'pull cam2 B',
    'pull gate http://127.0.0.1:1/whep',
    'release cam1',
  ]);
  t.strictSame(
    sources.state().map(({ url }) => url),
    [second.url],
  );
  first.show([stream('cam9')]);
  sources.apply({ sources: [{ url: second.url }], autoStreams: ['*'] });
  t.strictSame(told.splice(0), ['release gate']);

  second.token = 'new';
  sources.apply({ sources: [{ url: second.url, token: 'new' }], autoStreams: ['*'] });
  t.match(told.splice(0).sort(), [/^pull cam2 B/, /^pull door B/], 'with another token');
  await followed.are('sse');
  second.show([stream('door')]);
  await heard(1);
  t.match(told, ['release cam2'], 'and it is still followed');
});
