import type { RemoteInfo, Socket } from 'node:dgram';
import type { TransportAddress } from './farewell.ts';
import { PeerRoutes } from './peer-routes.ts';
import { bindUdp, RECEIVE_BUFFER_BYTES, type UdpBinding } from './udp-socket.ts';

/**
 * Number of system sockets. The kernel keeps to the same one for each sender (SO_REUSEPORT), and each has
 * a receive buffer of its own, of which many systems grant a few hundred kilobytes alone.
 */
const SOCKETS = 32;

/** What a {@link SharedSocket} reports. */
export interface SharedSocketEvents<T> {
  onDatagram(datagram: Buffer, from: RemoteInfo, on: SharedSocket<T>): void;
  onError(error: Error): void;
}

/** A UDP port of an address for many sessions, and what is known of the addresses from which they send. */
export class SharedSocket<T> {
  /** To whom datagrams belong by their source. */
  readonly routes = new PeerRoutes<T>();
  readonly #sockets: readonly Socket[];

  /** @throws the system's error, such as `EADDRINUSE` */
  static async bind<T>(
    binding: UdpBinding,
    events: SharedSocketEvents<T>,
  ): Promise<SharedSocket<T>> {
    return new SharedSocket(await bindTogether(binding), events);
  }

  private constructor(sockets: readonly Socket[], { onDatagram, onError }: SharedSocketEvents<T>) {
    this.#sockets = sockets;
    for (const socket of sockets) {
      socket.on('error', onError);
      socket.on('message', (datagram, from) => onDatagram(datagram, from, this));
      socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
    }
  }

  /** The bound address. */
  get local(): TransportAddress {
    const { address, port } = this.#sockets[0]!.address();
    return { address, port };
  }

  /** Size of the receive buffer of each system socket, bytes, as the kernel counts it. */
  get receiveBufferBytes(): number {
    return this.#sockets[0]!.getRecvBufferSize();
  }

  /** Sends a datagram. */
  send(datagram: Buffer, port: number, address: string): void {
    this.#sockets[0]!.send(datagram, port, address);
  }

  /** Closes the socket; resolves when the port is free. */
  async close(): Promise<void> {
    await closeAll(this.#sockets);
  }
}

/** Binds several sockets to a port that nobody else uses, or one where the system has no more. */
async function bindTogether(binding: UdpBinding): Promise<Socket[]> {
  // Tells whether somebody else has it: with SO_REUSEPORT, a second recorder would get half of what
  // arrives.
  const alone = await bindUdp(binding);
  const { port } = alone.address();
  await closeAll([alone]);
  const sockets: Socket[] = [];
  try {
    while (sockets.length < SOCKETS) {
      sockets.push(await bindUdp({ ...binding, port, reusePort: true }));
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    await closeAll(sockets);
    if (code === 'ENOTSUP') return [await bindUdp({ ...binding, port })];
    throw error;
  }
  return sockets;
}

async function closeAll(sockets: readonly Socket[]): Promise<void> {
  await Promise.all(
    sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))),
  );
}
