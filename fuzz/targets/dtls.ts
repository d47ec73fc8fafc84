import { DtlsClient } from 'werift';
import { createDtlsIdentity } from '../../src/ingest/werift-identity.ts';
import { DtlsSrtpServer } from '../../src/ingest/werift-tap.ts';
import { Decisions } from '../decisions.ts';
import { type FuzzTarget, must } from '../target.ts';

const identity = await createDtlsIdentity();
const clientHello = await captureClientHello();
const MOST_STEPS = 64;
const RECORD_BYTES = 13;
const HANDSHAKE_BYTES = 12;

let rejected: unknown;
process.on('unhandledRejection', (reason) => {
  rejected = reason;
});

/** Datagrams of whoever has passed ICE: as they are, and as records of handshake messages. */
export const target: FuzzTarget = {
  covers: [
    'src/ingest/werift-tap.ts',
    'src/ingest/dtls-handshake-order.ts',
    'src/ingest/dtls-record.ts',
  ],
  maxBytes: 16_384,
  seeds: () => [
    Buffer.of(2, 3),
    Buffer.from('010b000a00000000000a30313233343536373839', 'hex'),
    Buffer.from('0203011000000000000830313233343536370114000c00000000000c', 'hex'),
    Buffer.concat([
      Buffer.of(0, 0xff, clientHello.length >> 8, clientHello.length & 0xff),
      clientHello,
    ]),
    Buffer.from('000f15fefd00000000000000ff00020100', 'hex'),
  ],
  async run(input) {
    const sent: Buffer[] = [];
    let settled = 0;
    const server = new DtlsSrtpServer(identity, [], {
      send: (datagram) => sent.push(datagram),
      onConnected: () => must(false, 'nobody is connected without a certificate'),
      onFailed: () => settled++,
      onAlert: () => {},
    });
    const decisions = new Decisions(input);
    let received = 0;
    for (let step = 0; step < MOST_STEPS && !decisions.done; step++) {
      const datagram = datagramOf(decisions, sent);
      received += datagram.length;
      server.receive(datagram, false);
    }
    // What a message set off in promises.
    await new Promise((resolve) => setImmediate(resolve));
    server.close();
    must(settled <= 1, 'a handshake fails once');
    const bytes = sent.reduce((sum, { length }) => sum + length, 0);
    must(bytes <= 20 * received + 4096, 'nobody makes us send much');
    must(server.waitingBytes <= 32_768, 'messages that wait for others have a bound');
    if (rejected !== undefined) {
      const reason = rejected;
      rejected = undefined;
      throw new Error('a rejection that nobody handles ends the thread', { cause: reason });
    }
  },
};

function datagramOf(decisions: Decisions, sent: readonly Buffer[]): Buffer {
  const kind = decisions.byte() & 3;
  if (kind === 0) return Buffer.from(decisions.block());
  if (kind === 2) return clientHello;
  if (kind === 3) return withCookie(sent.at(-1));
  const type = decisions.byte() & 0x1f;
  const length = decisions.word();
  const sequence = decisions.byte();
  const offset = decisions.word();
  const fragment = decisions.block();
  const message = Buffer.alloc(HANDSHAKE_BYTES);
  message[0] = type;
  message.writeUIntBE(length, 1, 3);
  message.writeUInt16BE(sequence, 4);
  message.writeUIntBE(offset, 6, 3);
  message.writeUIntBE(fragment.length, 9, 3);
  return record(Buffer.concat([message, fragment]));
}

/** A record of a handshake message in the clear (RFC 6347 §4.1). */
function record(message: Buffer): Buffer {
  const head = Buffer.from('16fefd0000000000000001', 'hex');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([head, length, message]);
}

/** The ClientHello that answers a HelloVerifyRequest (RFC 6347 §4.2.1). */
function withCookie(request: Buffer | undefined): Buffer {
  const cookieAt = RECORD_BYTES + HANDSHAKE_BYTES + 2;
  const cookieBytes = request?.[cookieAt];
  if (request === undefined || cookieBytes === undefined) return clientHello;
  const cookie = request.subarray(cookieAt, cookieAt + 1 + cookieBytes);
  const body = clientHello.subarray(RECORD_BYTES + HANDSHAKE_BYTES);
  // Version and random, then an identifier of a session, then the cookie.
  const before = 34 + 1 + body[34]!;
  const hello = Buffer.concat([body.subarray(0, before), cookie, body.subarray(before + 1)]);
  const message = Buffer.alloc(HANDSHAKE_BYTES);
  message[0] = 1;
  message.writeUIntBE(hello.length, 1, 3);
  message.writeUInt16BE(1, 4);
  message.writeUIntBE(hello.length, 9, 3);
  return record(Buffer.concat([message, hello]));
}

async function captureClientHello(): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const client = new DtlsClient({
    cert: identity.certificatePem,
    key: identity.privateKeyPem,
    signatureHash: { hash: 4, signature: 3 },
    transport: {
      type: 'ice',
      address: {} as never,
      closed: false,
      onData: () => {},
      send: async (datagram: Buffer) => resolve(Buffer.from(datagram)),
      close: async () => {},
    },
    srtpProfiles: [7, 1],
    extendedMasterSecret: true,
  });
  client.connect().catch(() => {});
  const datagram = await promise;
  client.dtls.flight = Number.MAX_SAFE_INTEGER;
  return datagram;
}
