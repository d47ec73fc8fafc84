import t from 'tap';
import type { NodeStream } from '../../src/sources/node-streams.ts';
import { StreamDirectory } from '../../src/sources/stream-directory.ts';
import { ManualClock } from './manual-clock.ts';

const GRACE_MS = 30_000;

function listed(stream: string, more: Partial<NodeStream> = {}): NodeStream {
  return {
    stream,
    presence: 'live',
    publishers: ['p'],
    gone: [],
    relayed: false,
    pushedTo: [],
    onDemand: false,
    codecs: [],
    ...more,
  };
}

function directory() {
  const clock = new ManualClock();
  const changes: string[] = [];
  const streams = new StreamDirectory({
    clock,
    graceMs: GRACE_MS,
    onChange: (stream) => changes.push(stream),
  });
  return {
    clock,
    streams,
    /** What has changed since the last call. */
    changes: () => changes.splice(0),
    stateOf: (stream: string) => streams.sightings(stream).map(({ state }) => state),
  };
}

t.test('where it is published comes before what relays it, for every stream', async (t) => {
  const { streams } = directory();
  const names = Array.from({ length: 40 }, (_, index) => `cam${index}`);
  streams.listed(
    'http://relay',
    names.map((name) => listed(name, { relayed: true })),
    false,
  );
  streams.listed(
    'http://origin',
    names.map((name) => listed(name, { pushedTo: [`http://pushed:7777/whip/${name}`] })),
    false,
  );
  streams.listed(
    'http://pushed:7777',
    names.map((name) => listed(name)),
    false,
  );
  const orders = names.map((name) => streams.sightings(name).map(({ node }) => node));
  t.ok(orders.every(([first]) => first === 'http://origin'));
  const seconds = new Set(orders.map(([, second]) => second));
  t.equal(seconds.size, 2, 'the relays share the work');
});

t.test('only what changes is told', async (t) => {
  const { streams, changes } = directory();
  streams.listed('a', [listed('x'), listed('y')], false);
  t.strictSame(changes(), ['x', 'y']);
  streams.listed('a', [listed('x'), listed('y')], true);
  t.strictSame(changes(), []);
  streams.listed('a', [listed('x', { publishers: ['q'] }), listed('z', { presence: 'off' })], true);
  t.strictSame(changes(), ['x', 'y']);
  t.strictSame([...streams.streams()], ['x']);
  streams.lost('a');
  streams.lost('a');
  t.strictSame(changes(), ['x']);
});

t.test('a restarted node may take its time, whatever it lists meanwhile', async (t) => {
  const { streams, clock, stateOf } = directory();
  streams.listed('a', [listed('x'), listed('y')], false);
  streams.lost('a');
  clock.advance(10_000);
  streams.listed('a', [], false);
  streams.listed('a', [listed('x', { presence: 'off', publishers: [] })], true);
  streams.listed('a', [listed('x', { presence: 'wavering', publishers: ['new'] })], true);
  streams.listed('a', [], true);
  t.strictSame([stateOf('x'), stateOf('y')], [['held'], ['held']]);
  clock.advance(15_000);
  streams.listed('a', [listed('x', { publishers: ['new'] })], true);
  clock.advance(5000);
  t.strictSame([stateOf('x'), stateOf('y')], [['live'], []], 'from when it was lost');
  streams.listed('a', [], true);
  t.strictSame(stateOf('x'), [], 'the grace is over once it is back');
});

t.test('each loss has a grace of its own', async (t) => {
  const { streams, clock, changes, stateOf } = directory();
  streams.listed('a', [listed('x')], false);
  streams.listed('b', [listed('y'), listed('x')], false);
  streams.lost('a');
  clock.advance(20_000);
  streams.lost('b');
  changes();
  clock.advance(10_000);
  t.strictSame(changes(), ['x']);
  t.strictSame(stateOf('x'), ['held']);
  clock.advance(19_999);
  t.strictSame(changes(), []);
  clock.advance(1);
  t.strictSame(changes().sort(), ['x', 'y']);
  t.notOk(clock.isDueWithin(1_000_000), 'no timer is left');
});

t.test('without a grace', async (t) => {
  const clock = new ManualClock();
  const streams = new StreamDirectory({ clock, graceMs: 0, onChange: () => {} });
  streams.listed('a', [listed('x')], false);
  streams.lost('a');
  clock.advance(0);
  t.strictSame([...streams.streams()], []);
});

t.test('on-demand streams', async (t) => {
  const { streams, changes, stateOf } = directory();
  const idle = listed('x', { presence: 'off', publishers: [], onDemand: true });
  streams.listed('a', [idle], false);
  t.strictSame(stateOf('x'), ['idle']);
  streams.listed('a', [listed('x', { onDemand: true })], true);
  t.strictSame(stateOf('x'), ['live']);
  streams.listed('a', [idle], true);
  t.strictSame(stateOf('x'), ['idle']);
  t.strictSame(changes(), ['x', 'x', 'x']);
  streams.lost('a');
  t.strictSame(stateOf('x'), [], 'nothing goes on that could be held');
  t.strictSame(changes(), ['x']);
});
