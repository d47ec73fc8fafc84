import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Test } from 'tap';
import { seededRandom } from '../rtp/packets.ts';
import { type Impairment, UdpRelay } from './udp-relay.ts';

/** A recorder behind a bad network, for publishers that are programs of others. */
export interface RelayedWhip {
  /** Base address to publish to, without a trailing slash. */
  url: string;
  /** The network of the latest publisher; undefined before one has its answer. */
  relay(): UdpRelay | undefined;
}

/**
 * Stands before a recorder's WHIP endpoint and passes all on, but for the port in the answer: that
 * becomes the one of a relay, which lets everything through until it is told to be bad.
 * Ends with the test.
 * @param target base address of the recorder
 * @param network what the way to it and the way back suffer
 * @param seed gives the same random numbers in every run
 */
export async function relayWhip(
  t: Test,
  target: string,
  network: Impairment,
  seed: number,
): Promise<RelayedWhip> {
  let relay: UdpRelay | undefined;
  const server = createServer(async (request, response) => {
    try {
      const body = await text(request);
      const type = request.headers['content-type'];
      const reply = await fetch(target + request.url, {
        method: request.method!,
        ...(type !== undefined && { headers: { 'content-type': type } }),
        ...(body !== '' && { body }),
      });
      let answer = await reply.text();
      const port = /^a=candidate:.* 127\.0\.0\.1 (\d+) typ host/m.exec(answer)?.[1];
      if (reply.status === 201 && port !== undefined) {
        const random = seededRandom(seed);
        relay = await UdpRelay.open({ port: Number(port), there: network, back: network, random });
        t.teardown(() => relay!.close());
        answer = answer.replaceAll(`127.0.0.1 ${port} typ`, `127.0.0.1 ${relay.port} typ`);
      }
      const location = reply.headers.get('location');
      response.writeHead(reply.status, {
        'content-type': reply.headers.get('content-type') ?? 'text/plain',
        ...(location !== null && { location }),
      });
      response.end(answer);
    } catch (error) {
      response.writeHead(502).end(String(error));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, relay: () => relay };
}
