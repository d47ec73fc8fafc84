import type { RemoteInfo, Socket } from 'node:dgram';
import { readSync } from 'node:fs';
import { isMedia } from './datagram-kind.ts';

/** Size of the largest datagram, bytes. */
const LARGEST_DATAGRAM = 0x10000;
/** Most datagrams of a burst, as many as libuv reads of a socket before it turns to the next one. */
const LONGEST_BURST = 32;
/**
 * Smaller packets are no fragments, bytes: nothing waits behind them. To ask a socket that is empty costs as
 * much as to receive two datagrams.
 */
const SMALLEST_FRAGMENT = 600;
/** A burst that ends before its picture does is worth it if it has at least this many datagrams. */
const SHORTEST_BURST = 4;
/** Most fragments in a row behind which nothing is asked for, because bursts were too short before. */
const LONGEST_PAUSE = 16;

/** Memory of this thread, which all of its sockets share, for one datagram after another. */
const memory = Buffer.allocUnsafeSlow(LARGEST_DATAGRAM);
/** The memory by the lowest bits of a length: most datagrams have one of a few, and need no object of their own. */
const views: Buffer[] = new Array(64).fill(memory);

/**
 * Handles a datagram. Media is only valid until it returns, the object too.
 * @returns true if it is media of the peer, so that what waits behind it may be read without asking where it is
 * from
 */
export type BurstListener = (datagram: Buffer, from: RemoteInfo) => boolean;

/**
 * Receives the datagrams of a socket. The fragments of a picture arrive as a burst, of which Node delivers the
 * first; the others are read here, into memory that is used again. Node would allocate an object and a buffer
 * for each of them, and the buffers are what makes V8 collect garbage.
 *
 * `read` does not tell where a datagram is from. What follows media of the peer is taken to be from there too,
 * and has to pass the same tests: media is authenticated, and so are connectivity checks, of which one in a
 * burst that comes from a new address is answered to the old one, and is repeated (RFC 8489 §6.2.1).
 */
export function receiveBursts(socket: Socket, listener: BurstListener): void {
  const handle = handleOf(socket);
  let pause = 0;
  let paused = 0;
  socket.on('message', (first: Buffer, from: RemoteInfo) => {
    if (!listener(first, from) || !isFragment(first)) return;
    if (paused > 0) {
      paused--;
      return;
    }
    for (let count = 1; count < LONGEST_BURST; count++) {
      // Asked for each time, because the listener may have closed the socket.
      const descriptor = handle()?.fd ?? -1;
      if (descriptor < 0) return;
      let bytes: number;
      try {
        bytes = readSync(descriptor, memory, 0, LARGEST_DATAGRAM, null);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
          // As Node does if it cannot receive.
          socket.emit('error', error);
          return;
        }
        pause = count < SHORTEST_BURST ? Math.min(2 * pause + 1, LONGEST_PAUSE) : 0;
        paused = pause;
        return;
      }
      const datagram = viewOf(bytes);
      if (!isMedia(datagram)) {
        listener(Buffer.from(datagram), from);
        return;
      }
      if (!listener(datagram, from)) return;
      if (isLast(datagram)) {
        pause = 0;
        return;
      }
    }
  });
}

/** What was just read. */
function viewOf(bytes: number): Buffer {
  const index = bytes % views.length;
  const known = views[index]!;
  if (known.length === bytes) return known;
  const view = memory.subarray(0, bytes);
  views[index] = view;
  return view;
}

/** Whether more of the same picture follows (RFC 3550 §5.1: the marker bit; RTCP has it set too). */
function isFragment(datagram: Buffer): boolean {
  return datagram.length >= SMALLEST_FRAGMENT && isMedia(datagram) && !isLast(datagram);
}

function isLast(datagram: Buffer): boolean {
  return (datagram[1]! & 0x80) !== 0;
}

/** What Node keeps of a socket; `undefined` when it is closed. */
type Handle = { readonly fd?: number } | null | undefined;

/**
 * Node has no documented way to the descriptor of a UDP socket. Where it keeps it elsewhere, or has none (on
 * Windows), there are no bursts, and Node delivers each datagram.
 */
function handleOf(socket: Socket): () => Handle {
  const key = Object.getOwnPropertySymbols(socket).find(
    ({ description }) => description === 'state symbol',
  );
  if (key === undefined) return () => undefined;
  const state = (socket as unknown as Record<symbol, { handle?: Handle } | undefined>)[key];
  return () => state?.handle;
}
