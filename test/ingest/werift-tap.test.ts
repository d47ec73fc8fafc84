import { readFileSync } from 'node:fs';
import t from 'tap';
import { DtlsClient, DtlsServer } from 'werift';
import { HandshakeOrder } from '../../src/ingest/dtls-handshake-order.ts';
import { type DtlsRecord, readRecords } from '../../src/ingest/dtls-record.ts';
import { requireDtlsInternals } from '../../src/ingest/werift-dtls-internals.ts';
import { createDtlsIdentity, type DtlsIdentity } from '../../src/ingest/werift-identity.ts';
import { DtlsSrtpServer } from '../../src/ingest/werift-tap.ts';
import type { SrtpKeyPair } from '../../src/rtp/srtp-keys.ts';

interface Outcome {
  keys?: SrtpKeyPair;
  error?: Error;
  alerts: number;
  client: DtlsClient;
  server: DtlsSrtpServer;
}

/**
 * Runs a handshake with a werift client over no network at all.
 * @param waiting datagrams of the client that the server reads together at first
 */
async function handshake(
  certificate: DtlsIdentity,
  key: DtlsIdentity,
  announced: DtlsIdentity,
  srtpProfiles: (1 | 7)[] = [7, 1],
  waiting = 1,
): Promise<Outcome> {
  const ours = await createDtlsIdentity();
  const queue: Buffer[] = [];
  const toClient = {
    type: 'test',
    address: {} as never,
    closed: false,
    onData: (_datagram: Buffer, _from: readonly [string, number]) => {},
    send: async (datagram: Buffer) => {
      queue.push(datagram);
      if (queue.length < waiting) return;
      waiting = 1;
      for (const each of queue.splice(0)) setImmediate(() => server.receive(each, false));
    },
    close: async () => {},
  };
  const outcome = { alerts: 0 } as Outcome;
  const settled = Promise.withResolvers<void>();
  const digest = Buffer.from(announced.fingerprint.replaceAll(':', ''), 'hex');
  const server = new DtlsSrtpServer(ours, [{ algorithm: 'sha256', digest }], {
    send: (datagram) => setImmediate(() => toClient.onData(datagram, ['', 0])),
    onConnected: (keys) => {
      outcome.keys = keys;
      settled.resolve();
    },
    onFailed: (error) => {
      outcome.error = error;
      settled.resolve();
    },
    onAlert: () => outcome.alerts++,
  });
  const client = new DtlsClient({
    cert: certificate.certificatePem,
    key: key.privateKeyPem,
    signatureHash: { hash: 4, signature: 3 },
    transport: toClient,
    srtpProfiles,
    extendedMasterSecret: true,
  });
  const connected = client.onConnect.asPromise();
  client.onError.subscribe((error) => {
    outcome.error = error;
    settled.resolve();
  });
  await client.connect();
  await settled.promise;
  if (outcome.keys) await connected;
  client.dtls.flight = Number.MAX_SAFE_INTEGER;
  return Object.assign(outcome, { client, server });
}

t.test('hands over the keys of the peer', async (t) => {
  const theirs = await createDtlsIdentity();
  for (const [id, profile, saltLength] of [
    [1, 'AES_CM_128_HMAC_SHA1_80', 14],
    [7, 'AEAD_AES_128_GCM', 12],
  ] as const) {
    const { keys, error, client, server } = await handshake(theirs, theirs, theirs, [id]);
    t.equal(error, undefined);
    const { localKey, localSalt, remoteKey, remoteSalt } = client.extractSessionKeys(
      16,
      saltLength,
    );
    t.same(keys, {
      receiving: { profile, masterKey: localKey, masterSalt: localSalt },
      sending: { profile, masterKey: remoteKey, masterSalt: remoteSalt },
    });
    server.close();
  }
  const { keys, server } = await handshake(theirs, theirs, theirs, [1, 7]);
  t.equal(keys!.receiving.profile, 'AEAD_AES_128_GCM', 'our order counts');
  server.close();
});

t.test('a ClientHello and its copy that waited together are answered once', async (t) => {
  const theirs = await createDtlsIdentity();
  // The server is busy until the client has repeated its first message.
  const { keys, error, server } = await handshake(theirs, theirs, theirs, [7, 1], 2);
  t.equal(error, undefined);
  t.ok(keys);
  server.close();
});

t.test('a ClientHello that comes again later is answered again', async (t) => {
  let nowUs = 1e6;
  const delivered: Buffer[] = [];
  const order = new HandshakeOrder({
    isServer: true,
    open: () => undefined,
    deliver: (datagram) => delivered.push(datagram),
    now: () => nowUs,
  });
  // A record with a handshake message of one byte, number 0.
  const hello = Buffer.from('16fefd0000000000000000000d01000001000000000000000100', 'hex');
  order.receive(hello);
  t.equal(delivered.length, 1);
  nowUs += 19_999;
  order.receive(hello);
  t.equal(delivered.length, 1, 'it was sent before the answer');
  nowUs += 1;
  order.receive(hello);
  t.equal(delivered.length, 2, 'the answer may be lost');
  t.same(delivered[1], hello);
});

t.test('refuses a peer that is not the one of the offer', async (t) => {
  const [theirs, other] = [await createDtlsIdentity(), await createDtlsIdentity()];
  const stranger = await handshake(other, other, theirs);
  t.match(stranger.error?.message, /does not match a=fingerprint/);
  t.equal(stranger.keys, undefined);
  stranger.server.close();
  const thief = await handshake(theirs, other, theirs);
  t.match(thief.error?.message, /does not have the key of its DTLS certificate/);
  t.equal(thief.keys, undefined);
  thief.server.close();
});

t.test('reports an alert, but not one in the clear once media flows', async (t) => {
  const theirs = await createDtlsIdentity();
  const outcome = await handshake(theirs, theirs, theirs);
  const alert = Buffer.from('15fefd00000000000000ff00020100', 'hex');
  outcome.server.receive(alert, true);
  t.equal(outcome.alerts, 0);
  outcome.server.receive(alert, false);
  t.equal(outcome.alerts, 1);
  for (let length = 0; length < alert.length; length++) {
    outcome.server.receive(alert.subarray(0, length), false);
  }
  outcome.server.close();
  outcome.server.receive(alert, false);
  t.equal(outcome.alerts, 1, 'nothing after it was closed');
});

t.test('has one close_notify, encrypted, far ahead of all other records', async (t) => {
  const theirs = await createDtlsIdentity();
  const { server, client } = await handshake(theirs, theirs, theirs);
  const record = server.closeNotify()!;
  t.same(server.closeNotify(), record, 'else a nonce would be used twice');
  t.equal(record.buffer.byteLength, record.length, 'nothing else goes with it to another thread');
  const [{ contentType, epoch, sequenceNumber, fragment }] = readRecords(record) as [DtlsRecord];
  t.same(
    { contentType, epoch, sequenceNumber },
    { contentType: 21, epoch: 1, sequenceNumber: 2 ** 47 },
  );
  const header = { contentType, protocolVersion: client.dtls.version, epoch, sequenceNumber };
  const decrypted = client.cipher.decryptPacket({ recordLayerHeader: header, fragment } as never);
  t.same([...decrypted], [1, 0], 'warning, close_notify');
  server.close();
  const alone = new DtlsSrtpServer(theirs, [], {
    send: () => {},
    onConnected: () => {},
    onFailed: () => {},
    onAlert: () => {},
  });
  t.equal(alone.closeNotify(), undefined, 'none without keys');
  alone.close();
});

t.test('names what an upgrade of werift has moved', async (t) => {
  const transport = { type: 'test', onData: () => {}, closed: false } as never;
  const build = () => new DtlsServer({ transport, srtpProfiles: [7] });
  requireDtlsInternals(build());
  for (const [path, spoil] of [
    ['onConnect.subscribe', { onConnect: {} }],
    ['extractSessionKeys', { extractSessionKeys: 1 }],
    ['transport.socket.onData', { transport: {} }],
    ['srtp', { srtp: null }],
    ['dtls.flight', { dtls: { sortedHandshakeCache: [] } }],
    ['dtls.sortedHandshakeCache', { dtls: { flight: 1 } }],
    ['dtls.epoch', { dtls: { flight: 1, sortedHandshakeCache: [] } }],
  ] as const) {
    t.throws(() => requireDtlsInternals(Object.assign(build(), spoil)), {
      message: new RegExp(
        `^werift has changed: DtlsServer.${path.replaceAll('.', '\\.')} is not a `,
      ),
    });
  }
  const { dependencies } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  t.match(dependencies.werift, /^\d+\.\d+\.\d+$/, 'pinned to one version');
});

t.test('fragments that never become a message are not kept for ever', async (t) => {
  const server = new DtlsSrtpServer(await createDtlsIdentity(), [], {
    send: () => {},
    onConnected: () => t.fail('nobody shook hands'),
    onFailed: () => {},
    onAlert: () => {},
  });
  // A certificate of 16,000 bytes, of which one is there, in a record in the clear.
  const datagram = Buffer.from('16fefd0000000000000001000d0b003e80000000000000000100', 'hex');
  let most = 0;
  for (let place = 0; place < 1000; place++) {
    datagram.writeUInt16BE(place % 10, 17);
    server.receive(datagram, false);
    most = Math.max(most, server.waitingBytes);
  }
  t.ok(most > 1, 'some are kept');
  t.ok(most <= 32_768, `${most} bytes at most`);
  server.close();
});
