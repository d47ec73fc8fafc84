import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { createDtlsIdentity } from '../../src/ingest/werift-identity.ts';
import { type DtlsEvents, DtlsSrtpClient, DtlsSrtpServer } from '../../src/ingest/werift-tap.ts';
import type { SrtpKeyPair } from '../../src/rtp/srtp-keys.ts';
import { UdpRelay } from '../network/udp-relay.ts';
import { seededRandom } from '../rtp/packets.ts';

/** Seeds of the networks: the same datagrams of a handshake are lost and late in each run. */
const SEEDS = Array.from({ length: 16 }, (_, seed) => seed + 1);

async function openSocket(t: Test): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.teardown(() => socket.close());
  return socket;
}

/** Resolves to the keys of a side, or to why it has none. */
function outcome(
  send: (datagram: Buffer) => void,
): DtlsEvents & { done: Promise<SrtpKeyPair | Error> } {
  const { promise, resolve } = Promise.withResolvers<SrtpKeyPair | Error>();
  return { done: promise, send, onConnected: resolve, onFailed: resolve, onAlert: () => {} };
}

const ours = await createDtlsIdentity();
const fingerprints = [
  { algorithm: 'sha256', digest: Buffer.from(ours.fingerprint.replaceAll(':', ''), 'hex') },
];

t.test('a tenth of the datagrams lost, and late by up to 100 ms', async (t) => {
  const handshakes = SEEDS.map(async (seed) => {
    const [near, far] = [await openSocket(t), await openSocket(t)];
    const network = { loss: 0.1, jitterMs: 100, duplication: 0.1 };
    const { port } = far.address();
    const random = seededRandom(seed);
    const relay = await UdpRelay.open({ port, there: network, back: network, random });
    relay.impair();
    let clientPort = 0;
    const atServer = outcome((datagram) => far.send(datagram, clientPort, '127.0.0.1'));
    const atClient = outcome((datagram) => near.send(datagram, relay.port, '127.0.0.1'));
    const server = new DtlsSrtpServer(ours, fingerprints, atServer);
    const client = new DtlsSrtpClient(ours, fingerprints, atClient);
    t.teardown(() => {
      server.close();
      client.close();
      relay.close();
    });
    near.on('message', (datagram) => client.receive(datagram, false));
    far.on('message', (datagram, from) => {
      clientPort = from.port;
      server.receive(datagram, false);
    });
    client.start();
    return Promise.all([atServer.done, atClient.done]);
  });
  for (const [index, [server, client]] of (await Promise.all(handshakes)).entries()) {
    const seed = `seed ${SEEDS[index]}`;
    if (server instanceof Error || client instanceof Error) {
      t.fail(seed, { server, client });
      continue;
    }
    t.equal(server.receiving.profile, 'AEAD_AES_128_GCM', seed);
    t.same(server, { receiving: client.sending, sending: client.receiving }, seed);
  }
});
