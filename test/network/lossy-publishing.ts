import type { Test } from 'tap';
import { WhipPublisher, type WhipPublisherOptions } from '../publisher/whip-publisher.ts';
import { seededRandom } from '../rtp/packets.ts';
import { type Impairment, type StreamTruth, UdpRelay } from './udp-relay.ts';

/** A publisher behind a bad network. */
export interface LossyPublishing {
  publisher: WhipPublisher;
  relay: UdpRelay;
  /** What the network did to the packets of each track on their way to the recorder. */
  truth(kind: 'video' | 'audio'): StreamTruth;
}

/**
 * Connects a publisher through a relay that does the same to both directions. The network is good
 * until `relay.impair()`; both end with the test.
 * @param url of the WHIP endpoint
 * @param seed gives the same random numbers in every run
 */
export async function publishThrough(
  t: Test,
  url: string,
  network: Impairment,
  seed: number,
  options: Partial<WhipPublisherOptions> = {},
): Promise<LossyPublishing> {
  const random = seededRandom(seed);
  let relay: UdpRelay | undefined;
  const publisher = await WhipPublisher.connect({
    whipUrl: url,
    keyframeOnRequest: 'in step',
    relay: async (port) => {
      relay = await UdpRelay.open({ port, there: network, back: network, random });
      return relay.port;
    },
    ...options,
  });
  const opened = relay!;
  t.teardown(() => {
    publisher.vanish();
    opened.close();
  });
  return {
    publisher,
    relay: opened,
    truth: (kind) => opened.streams.get(publisher.ssrc(kind))!,
  };
}
