import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** What a network does to the datagrams of one direction. */
export interface Impairment {
  /** Share of datagrams that are lost, each by itself: 0 to 1. */
  loss?: number;
  /** Everything is lost for `lengthMs`, once in each `everyMs`, at a random place in it. */
  bursts?: { everyMs: number; lengthMs: number };
  /** Each datagram is late by its own random time from 0 to this, ms: they overtake each other. */
  jitterMs?: number;
  /** Share of datagrams that arrive twice, the second one up to 50 ms later: 0 to 1. */
  duplication?: number;
}

/** How to relay. */
export interface UdpRelayOptions {
  /** Where the datagrams of whoever speaks to the relay go: a port of 127.0.0.1. */
  port: number;
  /** Towards `port`, and back. */
  there: Impairment;
  back: Impairment;
  /** Random numbers from 0 to below 1; the same ones give the same network. */
  random(): number;
}

/** What became of the packets of one RTP stream on their way there. */
export interface StreamTruth {
  /** Sequence numbers as they were sent, repetitions left out. */
  sent: number;
  /** Sequence numbers, 16 bits, of packets that were lost, in that order. */
  lost: number[];
  /** Packets that arrived after one with a later sequence number had. */
  overtaken: number;
}

/** Latest 16-bit sequence numbers of a stream; −1 before the first arrival. */
interface Progress {
  highestSent: number;
  highestArrived: number;
}

/** Copies of datagrams arrive up to this much later, ms. */
const COPY_DELAY_MS = 50;

/**
 * A bad network between two UDP sockets on loopback. It sees what a router sees, and tells how many
 * packets of each RTP stream it really lost: the headers of SRTP are in clear (RFC 3711 §3.1).
 */
export class UdpRelay {
  /** Port of 127.0.0.1 to send to instead. */
  readonly port: number;
  /** Copies of RTP and RTCP packets that were let through there, beside the packets themselves. */
  duplicated = 0;
  /** Datagrams lost on the way back: feedback. */
  lostBack = 0;
  /** What became of the RTP streams on their way there, by SSRC. */
  readonly streams = new Map<number, StreamTruth & Progress>();
  readonly #options: UdpRelayOptions;
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #timers = new Set<NodeJS.Timeout>();
  #impaired = false;
  #client = 0;
  /** When the present burst of each of the options' begins, and in which of the times it lies. */
  readonly #bursts = new Map<object, { window: number; startMs: number }>();
  #closed = false;

  private constructor(options: UdpRelayOptions, near: Socket, far: Socket) {
    this.#options = options;
    this.#near = near;
    this.#far = far;
    this.port = near.address().port;
    near.on('message', (datagram, from) => {
      this.#client = from.port;
      this.#relayThere(datagram);
    });
    far.on('message', (datagram) => this.#relayBack(datagram));
  }

  /** Opens its sockets. It lets everything through until {@link impair}. */
  static async open(options: UdpRelayOptions): Promise<UdpRelay> {
    const sockets = [createSocket('udp4'), createSocket('udp4')] as const;
    for (const socket of sockets) {
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
      socket.setRecvBufferSize(2 << 20);
    }
    return new UdpRelay(options, ...sockets);
  }

  /** From now on the network is bad, or good again. */
  impair(impaired = true): void {
    this.#impaired = impaired;
  }

  /** Nothing more is let through. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#near.close();
    this.#far.close();
  }

  #relayThere(datagram: Buffer): void {
    const { there, port } = this.#options;
    const stream = this.#streamOf(datagram);
    const isMedia = datagram[0]! >> 6 === 2;
    const sequenceNumber = stream === undefined ? 0 : datagram.readUInt16BE(2);
    if (stream !== undefined) {
      const distance = ((sequenceNumber - stream.highestSent) << 16) >> 16;
      if (stream.sent === 0 || distance > 0) {
        stream.sent++;
        stream.highestSent = sequenceNumber;
      }
    }
    if (this.#isLost(there)) {
      stream?.lost.push(sequenceNumber);
      return;
    }
    this.#after(this.#delay(there), () => {
      if (stream !== undefined) noteArrival(stream, sequenceNumber);
      this.#far.send(datagram, port, '127.0.0.1');
    });
    if (this.#impaired && this.#options.random() < (there.duplication ?? 0)) {
      if (isMedia) this.duplicated++;
      const delay = this.#delay(there) + this.#options.random() * COPY_DELAY_MS;
      this.#after(delay, () => this.#far.send(datagram, port, '127.0.0.1'));
    }
  }

  #relayBack(datagram: Buffer): void {
    const { back } = this.#options;
    if (this.#isLost(back)) {
      this.lostBack++;
      return;
    }
    const send = () => this.#near.send(datagram, this.#client, '127.0.0.1');
    this.#after(this.#delay(back), send);
    if (this.#impaired && this.#options.random() < (back.duplication ?? 0)) {
      this.#after(this.#delay(back) + this.#options.random() * COPY_DELAY_MS, send);
    }
  }

  #isLost({ loss = 0, bursts }: Impairment): boolean {
    if (!this.#impaired) return false;
    if (bursts !== undefined && this.#inBurst(bursts)) return true;
    return loss > 0 && this.#options.random() < loss;
  }

  #inBurst(bursts: { everyMs: number; lengthMs: number }): boolean {
    const { everyMs, lengthMs } = bursts;
    const nowMs = performance.now();
    const window = Math.floor(nowMs / everyMs);
    let burst = this.#bursts.get(bursts);
    if (burst?.window !== window) {
      const startMs = window * everyMs + this.#options.random() * (everyMs - lengthMs);
      burst = { window, startMs };
      this.#bursts.set(bursts, burst);
    }
    return nowMs >= burst.startMs && nowMs < burst.startMs + lengthMs;
  }

  #delay({ jitterMs = 0 }: Impairment): number {
    return this.#impaired ? this.#options.random() * jitterMs : 0;
  }

  #after(delayMs: number, send: () => void): void {
    if (this.#closed) return;
    if (delayMs < 0.5) {
      send();
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      send();
    }, delayMs);
    this.#timers.add(timer);
  }

  #streamOf(datagram: Buffer): (StreamTruth & Progress) | undefined {
    // RFC 7983 §7, RFC 5761 §4: RTP, and not RTCP.
    if (datagram.length < 12 || datagram[0]! >> 6 !== 2) return undefined;
    if (datagram[1]! >= 192 && datagram[1]! <= 223) return undefined;
    const ssrc = datagram.readUInt32BE(8);
    let stream = this.streams.get(ssrc);
    if (stream === undefined) {
      stream = { sent: 0, lost: [], overtaken: 0, highestSent: 0, highestArrived: -1 };
      this.streams.set(ssrc, stream);
    }
    return stream;
  }
}

function noteArrival(stream: StreamTruth & Progress, number: number): void {
  const distance = ((number - stream.highestArrived) << 16) >> 16;
  if (stream.highestArrived < 0 || distance > 0) stream.highestArrived = number;
  else stream.overtaken++;
}
