import type { RemoteInfo, Socket } from 'node:dgram';
import { readSync } from 'node:fs';
import { steadyNowUs } from '../clock/steady-clock.ts';
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

/** Datagrams begin at multiples of this, bytes, so that there are few places for them. */
const PLACE_BYTES = 2048;
/** Memory for a burst, bytes: that of the longest one, whose last datagram may be the largest. */
const MEMORY_BYTES = LONGEST_BURST * PLACE_BYTES + LARGEST_DATAGRAM;

/** Memory of this thread, which all of its sockets share. */
const memory = Buffer.allocUnsafeSlow(MEMORY_BYTES);
/** The last datagram at each place: most have the same length, and need no object of their own. */
const views: Buffer[] = [];
/** The present burst. */
const burst: Buffer[] = [];

/** Takes the media of a peer. */
export interface PeerMedia {
  /**
   * Handles a datagram of media, which is only valid until it returns, the object too.
   * @param arrivalUs µs since the Unix epoch on the steady clock
   */
  receiveMedia(datagram: Buffer, arrivalUs: number): void;
}

/**
 * Handles a datagram. Media is only valid until it returns, the object too.
 * @returns what takes the media that waits behind it, without asking again where it is from: only if this one is
 * media of the peer
 */
export type BurstListener = (datagram: Buffer, from: RemoteInfo) => PeerMedia | undefined;

/**
 * Receives the datagrams of a socket. The fragments of a picture arrive as a burst, of which Node delivers the
 * first; the others are read here, into memory that is used again. Node would allocate an object and a buffer
 * for each of them, and the buffers are what makes V8 collect garbage. All are read before any is handled: to
 * read and to handle them in turns costs a twentieth more.
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
    const media = listener(first, from);
    if (media === undefined || !isFragment(first)) return;
    if (paused > 0) {
      paused--;
      return;
    }
    // Asked for each time, because the listener may have closed the socket.
    const descriptor = handle()?.fd ?? -1;
    if (descriptor < 0) return;
    let count = 0;
    let failure: unknown;
    try {
      for (let used = 0; count < LONGEST_BURST && used + LARGEST_DATAGRAM <= MEMORY_BYTES; ) {
        const bytes = readSync(descriptor, memory, used, LARGEST_DATAGRAM, null);
        const datagram = viewOf(used, bytes);
        used += Math.ceil(bytes / PLACE_BYTES) * PLACE_BYTES;
        if (!isMedia(datagram)) {
          // Only media is not kept.
          burst[count++] = Buffer.from(datagram);
          break;
        }
        burst[count++] = datagram;
        if (isLast(datagram)) {
          pause = 0;
          break;
        }
      }
    } catch (error) {
      failure = error;
    }
    const arrivalUs = steadyNowUs();
    for (let index = 0; index < count; index++) {
      const datagram = burst[index]!;
      if (isMedia(datagram)) media.receiveMedia(datagram, arrivalUs);
      else listener(datagram, from);
    }
    if (failure === undefined) return;
    if ((failure as NodeJS.ErrnoException).code === 'EAGAIN') {
      pause = count + 1 < SHORTEST_BURST ? Math.min(2 * pause + 1, LONGEST_PAUSE) : 0;
      paused = pause;
    } else {
      // As Node does if it cannot receive.
      socket.emit('error', failure);
    }
  });
}

/** What was just read. */
function viewOf(start: number, bytes: number): Buffer {
  const place = start / PLACE_BYTES;
  const known = views[place];
  if (known?.length === bytes) return known;
  const view = memory.subarray(start, start + bytes);
  views[place] = view;
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
