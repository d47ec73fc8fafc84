import { createSocket, type Socket } from 'node:dgram';
import { setImmediate as nextTurn } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type BurstListener, receiveBursts } from '../../src/ingest/datagram-bursts.ts';
import { RECEIVE_BUFFER_BYTES } from '../../src/ingest/udp-socket.ts';
import { until } from './whip-server.ts';

const MARKER = 0x80;

async function bound(t: Test): Promise<Socket> {
  const socket = createSocket('udp4');
  t.teardown(
    () => new Promise<void>((resolve) => (isClosed(socket) ? resolve() : socket.close(resolve))),
  );
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  return socket;
}

function isClosed(socket: Socket): boolean {
  try {
    socket.address();
    return false;
  } catch {
    return true;
  }
}

/** A packet like RTP whose content tells its number. */
function packet(number: number, { marker = false, bytes = 1000, first = 0x80 } = {}): Buffer {
  const datagram = Buffer.alloc(bytes, number & 0xff);
  datagram[0] = first;
  datagram[1] = 96 | (marker ? MARKER : 0);
  datagram.writeUInt16BE(number, 2);
  return datagram;
}

/** What a listener was given, with the memory it lay in. */
interface Received {
  /** A copy, made when it came. */
  datagram: Buffer;
  memory: ArrayBufferLike;
  port: number;
}

/** Receives at a socket; `send` sends datagrams that wait in the socket together. */
async function receiver(t: Test, answer: (datagram: Buffer) => boolean = () => true) {
  const [socket, sender] = [await bound(t), await bound(t)];
  const received: Received[] = [];
  const listener: BurstListener = (datagram, { port }) => {
    const receiveMedia = (given: Buffer) => {
      received.push({ datagram: Buffer.from(given), memory: given.buffer, port });
    };
    receiveMedia(datagram);
    return answer(datagram) ? { receiveMedia } : undefined;
  };
  receiveBursts(socket, listener);
  const { port } = socket.address();
  sender.connect(port, '127.0.0.1');
  await new Promise<void>((resolve) => sender.once('connect', resolve));
  const send = (datagrams: readonly Buffer[]): void => {
    // A connected socket sends at once.
    for (const datagram of datagrams) sender.send(datagram);
  };
  return { socket, sender, received, send };
}

/** Number of datagrams that lay in memory of the size that is used again; Node's is as large as its datagram. */
function inBursts(received: readonly Received[]): number {
  return received.filter(({ memory }) => memory.byteLength === 0x20000).length;
}

t.test('reads the fragments of a picture as one burst', async (t) => {
  const { received, send, sender } = await receiver(t);
  const sent = Array.from({ length: 20 }, (_, index) => packet(index, { marker: index === 19 }));
  send(sent);
  await until(() => received.length === 20);
  t.same(
    received.map(({ datagram }) => datagram.toString('hex')),
    sent.map((datagram) => datagram.toString('hex')),
    'all, in order, unchanged',
  );
  t.equal(inBursts(received), 19, 'all but the first in memory that is used again');
  t.same(new Set(received.map(({ port }) => port)), new Set([sender.address().port]));
});

t.test('ends a burst with its picture, and after 32 datagrams', async (t) => {
  const { received, send } = await receiver(t);
  send([0, 1, 2, 3].map((number) => packet(number, { marker: number % 2 === 1 })));
  await until(() => received.length === 4);
  t.equal(inBursts(received), 2, 'two pictures, the first fragment of each from Node');

  received.length = 0;
  send(Array.from({ length: 70 }, (_, index) => packet(index, { marker: index === 69 })));
  await until(() => received.length === 70);
  t.equal(inBursts(received), 70 - 3, '32, 32 and 6');

  received.length = 0;
  send(Array.from({ length: 30 }, (_, index) => packet(index, { bytes: 60_000 })));
  await until(() => received.length === 30);
  t.same(
    received.map(({ datagram }) => datagram.length),
    Array(30).fill(60_000),
    'large ones are whole',
  );
  t.same(
    received.map(({ datagram }) => datagram.readUInt16BE(2)),
    Array.from({ length: 30 }, (_, index) => index),
  );
});

t.test('asks for nothing behind what is no fragment of the peer', async (t) => {
  for (const [what, options] of [
    ['small packets', { bytes: 599 }],
    ['the last of pictures', { marker: true }],
    ['STUN', { first: 0 }],
    ['DTLS', { first: 22 }],
  ] as const) {
    const { received, send } = await receiver(t);
    send([0, 1, 2, 3].map((number) => packet(number, options)));
    await until(() => received.length === 4);
    t.equal(inBursts(received), 0, what);
  }
  const { received, send } = await receiver(t, () => false);
  send([0, 1, 2, 3].map((number) => packet(number)));
  await until(() => received.length === 4);
  t.equal(inBursts(received), 0, 'what the listener did not take as media of the peer');
});

t.test('what is no media may be kept, and ends a burst', async (t) => {
  for (const first of [1, 22]) {
    const { received, send } = await receiver(t);
    send([packet(0), packet(1), packet(2, { first }), packet(3, { marker: true })]);
    await until(() => received.length === 4);
    t.same(
      received.map(({ datagram }) => datagram.readUInt16BE(2)),
      [0, 1, 2, 3],
    );
    t.equal(inBursts(received), 1, 'only the second fragment');
  }
});

t.test('what the listener does not take, it is given with the rest of its burst', async (t) => {
  const { received, send } = await receiver(t, (datagram) => datagram.readUInt16BE(2) !== 2);
  send([0, 1, 2, 3, 4].map((number) => packet(number, { marker: number === 4 })));
  await until(() => received.length === 5);
  t.same(
    received.map(({ datagram }) => datagram.readUInt16BE(2)),
    [0, 1, 2, 3, 4],
  );
  t.equal(inBursts(received), 4);
});

t.test('an empty datagram harms nothing', async (t) => {
  const { received, send } = await receiver(t);
  send([packet(0), Buffer.alloc(0), packet(1, { marker: true })]);
  await until(() => received.length === 3);
  t.same(
    received.map(({ datagram }) => datagram.length),
    [1000, 0, 1000],
  );
});

t.test('asks less often where pictures come in pieces', async (t) => {
  const { received, send } = await receiver(t);
  const piece = async (datagrams: Buffer[]): Promise<number> => {
    received.length = 0;
    send(datagrams);
    await until(() => received.length === datagrams.length);
    return inBursts(received);
  };
  const pair = [packet(0), packet(1)];
  const picture = Array.from({ length: 30 }, (_, index) => packet(index, { marker: index === 29 }));
  t.equal(await piece(picture), 29);
  t.equal(await piece(pair), 1);
  t.equal(await piece(picture), 28, 'one fragment is let pass');
  t.equal(await piece(picture), 29, 'a whole picture ends that');
  await piece(pair);
  await piece(pair);
  t.equal(await piece(picture), 26, 'then three');
  for (let round = 0; round < 40; round++) await piece(pair);
  t.ok((await piece(picture)) >= 13, '16 at most');
});

t.test('a listener may close the socket', async (t) => {
  const { socket, received, send } = await receiver(t, () => {
    if (!isClosed(socket)) socket.close();
    return true;
  });
  send([0, 1, 2].map((number) => packet(number)));
  await until(() => received.length > 0);
  await nextTurn();
  t.equal(received.length, 1, 'then nothing more is read');
});

t.test('reports what fails like Node', async (t) => {
  const { socket, sender, received, send } = await receiver(t);
  const errors: NodeJS.ErrnoException[] = [];
  socket.on('error', (error) => errors.push(error));
  const { port } = sender.address();
  socket.connect(port, '127.0.0.1');
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  send([packet(0)]);
  await until(() => received.length === 1);
  await new Promise<void>((resolve) => sender.close(() => resolve()));
  socket.send(Buffer.from('anybody?'));
  await until(() => errors.length > 0);
  t.equal(errors[0]?.code, 'ECONNREFUSED');
});
