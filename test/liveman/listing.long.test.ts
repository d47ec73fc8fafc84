import t, { type Test } from 'tap';
import { livemanBinary, startLiveman } from '../live777/real-liveman.ts';
import { live777Binary, RealNode } from '../live777/real-node.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { type Listing, playListing } from './listing-scenario.ts';
import { Liveman } from './liveman.ts';

/** What Liveman 0.9 lists over a node of Live777 0.9, whether it collects records or only starts them. */
const OF_REAL_NODE: Listing = {
  startUnpublished: 500,
  streams: ['cam'],
  recording: [false, true, false, false, true, false],
  records: [1, 2],
  idsFollowPublications: true,
};

for (const collects of [false, true]) {
  const kind = collects ? 'that collects records' : 'that only starts them';

  t.test(`a stream that ends and returns, for a Liveman ${kind}`, async (t) => {
    const { url } = await startRecorder(t, { autoStreams: [] });
    const liveman = new Liveman({ url, autoStreams: ['cam'] });
    const keys = () => [...liveman.recordings.keys()].map((key) => key.split(' '));
    const listing = await playListing(t, url, {
      start: (stream) =>
        liveman.startRecord(stream).then(
          () => 200,
          () => 500,
        ),
      round: async () => {
        await liveman.autoRecord();
        if (collects) await liveman.collectAll();
      },
      streams: async () => [...new Set(keys().map(([stream]) => stream!))].sort(),
      records: async (of) => keys().flatMap(([stream, record]) => (stream === of ? record! : [])),
    });
    t.strictSame(listing, OF_REAL_NODE);
    if (collects) {
      const statuses = liveman.collected.filter((row) => row.endsWith('Completed'));
      t.equal(statuses.length, 2, 'both have ended');
    }
  });
}

const liveman = livemanBinary();
const live777 = live777Binary();
const skip = liveman === undefined && 'opt in with LIVEMAN_BIN=/path/to/liveman';

for (const collects of [false, true]) {
  const play = async (t: Test, node: string): Promise<Listing> => {
    const real = await startLiveman(t, liveman!, node, collects);
    return playListing(t, node, {
      start: async (stream) => {
        const reply = await fetch(`${real.url}/api/record/${stream}`, { method: 'POST' });
        await reply.body?.cancel();
        return reply.status;
      },
      round: async () => {},
      streams: () => real.streams(),
      records: async (stream) => (await real.records(stream)).map(({ record }) => record),
    });
  };
  const kind = collects ? 'that collects records' : 'that only starts them';

  t.test(`a real Liveman ${kind} lists of us`, { skip }, async (t) => {
    const { url } = await startRecorder(t, { autoStreams: [] });
    t.strictSame(await play(t, url), OF_REAL_NODE);
  });

  const skipNode = skip || (live777 === undefined && 'opt in with LIVE777_BIN=/path/to/live777');
  t.test(`a real Liveman ${kind} lists of a real node`, { skip: skipNode }, async (t) => {
    const node = await RealNode.start(live777!);
    t.teardown(() => node.remove());
    t.strictSame(await play(t, node.url), OF_REAL_NODE);
  });
}
