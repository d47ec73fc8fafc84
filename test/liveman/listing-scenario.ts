import type { Test } from 'tap';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { until } from '../server/until.ts';

/** What a node and the Liveman over it came to, in a form that does not depend on when it was. */
export interface Listing {
  /** Status of Liveman's reply when it is asked to record a stream that nobody publishes. */
  startUnpublished: number;
  /** Streams that Liveman lists records of in the end. */
  streams: string[];
  /** Whether the node records: before, during and after each publication. */
  recording: boolean[];
  /** Records that Liveman lists after each publication. */
  records: number[];
  /** Each record's identifier lies between the beginning of its publication and of the next. */
  idsFollowPublications: boolean;
}

/**
 * Plays what Liveman sees of a stream that is published, ends and comes back, after a start of one
 * that nobody publishes.
 * @param node base address of the node
 * @param liveman `round` is for a stand-in, which does nothing by itself
 */
export async function playListing(
  t: Test,
  node: string,
  liveman: {
    start(stream: string): Promise<number>;
    round(): Promise<void>;
    streams(): Promise<string[]>;
    records(stream: string): Promise<string[]>;
  },
): Promise<Listing> {
  const recording: boolean[] = [];
  const records: number[] = [];
  const isRecording = async () => {
    const reply = await fetch(`${node}/api/record/cam`);
    return ((await reply.json()) as { recording: boolean }).recording;
  };
  const startUnpublished = await liveman.start('nobody');
  const begunS: number[] = [];
  for (let publication = 1; publication <= 2; publication++) {
    recording.push(await isRecording());
    begunS.push(Date.now() / 1000);
    const publisher = await WhipPublisher.connect({ whipUrl: `${node}/whip/cam` });
    t.teardown(() => publisher.vanish());
    publisher.start();
    await until('Liveman has it recorded', async () => {
      await liveman.round();
      return (await isRecording()) && (await liveman.records('cam')).length === publication;
    });
    recording.push(await isRecording());
    const frames = publisher.sent.videoFrames;
    await until('three seconds', () => publisher.sent.videoFrames >= frames + 90);
    await publisher.stop();
    await until('it has ended', async () => !(await isRecording()));
    await liveman.round();
    recording.push(await isRecording());
    records.push((await liveman.records('cam')).length);
  }
  const ids = (await liveman.records('cam')).map(Number).sort((a, b) => a - b);
  return {
    startUnpublished,
    streams: await liveman.streams(),
    recording,
    records,
    idsFollowPublications: ids.every((id, i) => {
      const nextS = begunS[i + 1] ?? Number.POSITIVE_INFINITY;
      return id >= Math.floor(begunS[i]!) && id < nextS;
    }),
  };
}
