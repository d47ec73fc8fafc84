import { HandshakeOrder } from '../../src/ingest/dtls-handshake-order.ts';
import { CONTENT_TYPES, RecordNumbers, readRecords } from '../../src/ingest/dtls-record.ts';
import { Decisions } from '../decisions.ts';
import { type FuzzTarget, must } from '../target.ts';

const FINISHED = 20;
const MOST_MESSAGES = 7;
const MOST_STEPS = 200;

interface Message {
  type: number;
  place: number;
  body: Buffer;
}

/** A flight on a bad path: parts of its messages in any order, again and again, among junk. */
export const target: FuzzTarget = {
  covers: ['src/ingest/dtls-handshake-order.ts', 'src/ingest/dtls-record.ts'],
  maxBytes: 8192,
  seeds: () => [
    Buffer.from('0004026400030500010a00640101001e01', 'hex'),
    Buffer.from('0106020b0c0d0e1432ff00ff01ff010203', 'hex'),
    Buffer.from('0216fefd0000000000000001000d0b003e80000000000000000100', 'hex'),
  ],
  run(input) {
    const decisions = new Decisions(input);
    const kind = decisions.byte();
    if (kind % 3 === 2) takeAnything(decisions, kind > 127);
    else takeFlight(decisions, kind % 3 === 1);
  },
};

/** Whatever comes, what is handed on is whole, in order, and no more is kept than may be. */
function takeAnything(decisions: Decisions, isServer: boolean): void {
  let next = 0;
  const order = new HandshakeOrder({
    isServer,
    open: (record) => (record.sequenceNumber % 2 === 0 ? record.fragment : undefined),
    deliver: (datagram) => {
      const [record, ...more] = readRecords(datagram);
      must(record !== undefined && more.length === 0, 'one record is handed on');
      if (record!.contentType !== CONTENT_TYPES.handshake) return;
      const { fragment } = record!;
      const isRepetition = isServer && fragment.readUInt16BE(4) === next - 1;
      must(isRepetition || fragment.readUInt16BE(4) === next, 'messages come in order');
      if (!isRepetition) next++;
      must(fragment.readUIntBE(6, 3) === 0, 'from their beginning');
      must(fragment.readUIntBE(9, 3) === fragment.readUIntBE(1, 3), 'to their end');
    },
  });
  for (let step = 0; step < MOST_STEPS && !decisions.done; step++) {
    const datagram = decisions.block();
    order.receive(datagram);
    must(order.waitingBytes >= 0 && order.waitingBytes <= 32_768, 'what waits has a bound');
    const renumbered = new RecordNumbers().renumbered(datagram);
    must(renumbered.length === datagram.length, 'numbers keep their length');
  }
}

/** Whatever order its parts come in, each message of a flight is handed on once, in its place. */
function takeFlight(decisions: Decisions, endsFinished: boolean): void {
  const messages: Message[] = [];
  const count = 1 + (decisions.byte() % MOST_MESSAGES);
  for (let place = 0; place < count; place++) {
    const type = endsFinished && place === count - 1 ? FINISHED : 11;
    messages.push({ type, place, body: Buffer.alloc(decisions.byte(), place + 1) });
  }
  const delivered: Buffer[] = [];
  const order = new HandshakeOrder({
    isServer: false,
    // There is a key once all before it is there.
    open: ({ fragment }) => (delivered.length >= count - 1 ? fragment : undefined),
    deliver: (datagram) => delivered.push(datagram),
  });
  for (let step = 0; step < MOST_STEPS && !decisions.done; step++) {
    const message = messages[decisions.byte() % count]!;
    const offset = Math.min(decisions.byte(), message.body.length);
    order.receive(datagramOf(message, offset, decisions.byte()));
  }
  for (const message of messages.toReversed()) order.receive(datagramOf(message, 0, 255));
  // The peer sends its flight again: what did not fit into memory comes then.
  for (const message of messages) order.receive(datagramOf(message, 0, 255));
  must(delivered.length === count, 'each message is handed on once');
  for (const [place, datagram] of delivered.entries()) {
    const { fragment } = readRecords(datagram)[0]!;
    must(fragment.readUInt16BE(4) === place, 'in its place');
    must(fragment.subarray(12).equals(messages[place]!.body), 'as it was sent');
  }
  must(order.waitingBytes === 0, 'nothing is kept of it');
}

function datagramOf({ type, place, body }: Message, offset: number, length: number): Buffer {
  const part = type === FINISHED ? body : body.subarray(offset, offset + length);
  const datagram = Buffer.alloc(25 + part.length);
  datagram.writeUIntBE(0x16fefd, 0, 3);
  datagram.writeUInt16BE(type === FINISHED ? 1 : 0, 3);
  datagram.writeUInt16BE(12 + part.length, 11);
  datagram[13] = type;
  datagram.writeUIntBE(body.length, 14, 3);
  datagram.writeUInt16BE(place, 17);
  datagram.writeUIntBE(type === FINISHED ? 0 : offset, 19, 3);
  datagram.writeUIntBE(part.length, 22, 3);
  part.copy(datagram, 25);
  return datagram;
}
