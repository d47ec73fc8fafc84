import t from 'tap';
import { type NodeStream, readListing } from '../../src/sources/node-streams.ts';
import { type SessionJson, type StreamJson, session, stream } from './node-stand-in.ts';

const BASE = 'http://node:7777';

function read(streams: unknown[]): NodeStream[] {
  return readListing(JSON.stringify(streams), BASE).streams;
}

function readPublished(...sessions: SessionJson[]): NodeStream {
  return read([stream('cam1', sessions)])[0]!;
}

t.test('which streams are live', async (t) => {
  for (const [presence, sessions] of [
    ['live', [session('a')]],
    ['off', []],
    ['off', [session('a', { state: 'new' })]],
    ['off', [session('a', { state: 'connecting' })]],
    ['wavering', [session('a', { state: 'disconnected' })]],
    ['off', [session('a', { state: 'failed' })]],
    ['off', [session('a', { state: 'closed' })]],
    ['off', [session('a', { leaveAt: 1 })]],
    ['off', [session('a', { state: 'disconnected', leaveAt: 1 })]],
    // As a Liveman shows a stream that several nodes have.
    ['live', [session('a', { state: 'closed', leaveAt: 1 }), session('b')]],
    ['live', [session('a', { state: 'disconnected' }), session('b')]],
  ] as const) {
    t.equal(readPublished(...sessions).presence, presence, JSON.stringify(sessions));
  }
});

t.test('who publishes, and who has left', async (t) => {
  t.match(readPublished(session('b'), session('a'), session('c', { state: 'new' })), {
    publishers: ['a@1', 'b@1'],
    gone: [],
  });
  t.match(readPublished(session('a', { state: 'closed', leaveAt: 9 })), {
    publishers: [],
    gone: ['a@1'],
  });
  const again = readPublished(session('virtual-source', { createdAt: 2 }));
  t.strictSame(again.publishers, ['virtual-source@2'], 'the same id does not mean the same');
});

t.test('what is published on a node, and what it relays', async (t) => {
  const pulled = session('a', { cascade: { sourceUrl: 'http://other/whep/cam1' } });
  t.equal(readPublished(pulled).relayed, true);
  t.equal(readPublished(pulled, session('b')).relayed, false);
  t.equal(readPublished(session('b')).relayed, false);
  const pushing = stream('cam1', undefined, {
    subscribe: {
      leaveAt: 0,
      sessions: [
        session('v'),
        session('p', { cascade: { targetUrl: 'http://other/whip/cam1' } }),
        session('q', { leaveAt: 1, cascade: { targetUrl: 'http://gone/whip/cam1' } }),
      ],
    },
  });
  t.match(read([pushing]), [{ relayed: false, pushedTo: ['http://other/whip/cam1'] }]);
});

t.test('what a recorder pulls through a Liveman does not keep a stream alive there', async (t) => {
  const recorder = session('r', { cascade: { sourceUrl: `${BASE}/whep/cam1` } });
  t.equal(readPublished(recorder).presence, 'off');
  t.match(readPublished(recorder, session('a')), { presence: 'live', publishers: ['a@1'] });
});

t.test('a node of 2024 and one that sends null', async (t) => {
  const old = {
    id: 'cam1',
    createdAt: 1,
    publish: {
      leaveAt: 0,
      sessions: [{ id: 'a', createdAt: 1, state: 'connected', hasDataChannel: false }],
    },
    subscribe: { leaveAt: 0, sessions: [] },
    codecs: [],
  };
  t.match(read([old]), [{ stream: 'cam1', presence: 'live', onDemand: false, codecs: [] }]);
  const nulls = { ...old, publish: { sessions: [{ id: 'a', state: 'connected', cascade: null }] } };
  t.match(read([nulls]), [{ presence: 'live', publishers: ['a'], relayed: false }]);
});

t.test('on-demand streams and codecs', async (t) => {
  t.match(read([stream('cam1', [], { onDemand: true })]), [
    { presence: 'off', onDemand: true, codecs: ['H264'] },
  ]);
});

t.test('the fingerprint tells whether anything has happened', async (t) => {
  const bytes = (count: number): Partial<StreamJson> => ({
    stats: { publish: { bytes: count, packets: 1, bitrate: 1 } },
  });
  const a = stream('a', undefined, bytes(1));
  const b = stream('b', [session('x'), session('y')]);
  const print = (...streams: StreamJson[]) =>
    readListing(JSON.stringify(streams), BASE).fingerprint;
  t.equal(print(a, b), print(stream('b', [session('y'), session('x')]), a), 'order is nothing');
  t.not(print(a), print(stream('a', undefined, bytes(2))));
  t.not(print(a), print(a, b));
  t.not(print(b), print(stream('b', [session('x'), session('y', { state: 'closed' })])));
});
