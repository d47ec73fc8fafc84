import type { RemoteInfo, Socket } from 'node:dgram';
import type { TransportAddress } from './farewell.ts';
import { PeerRoutes } from './peer-routes.ts';
import { bindUdp, type UdpBinding } from './udp-socket.ts';

/**
 * Requested receive buffer, bytes: all streams of a thread share it, and a second of 70 streams of
 * 2.5 Mbit/s has 22,000 packets, of which each counts as about 2 KB.
 */
export const SHARED_BUFFER_BYTES = 32 * 1024 * 1024;

/** What a {@link SharedSocket} reports. */
export interface SharedSocketEvents<T> {
  onDatagram(datagram: Buffer, from: RemoteInfo, on: SharedSocket<T>): void;
  onError(error: Error): void;
}

/** A UDP socket for many sessions, and what is known of the addresses from which they send. */
export class SharedSocket<T> {
  /** To whom datagrams belong by their source. */
  readonly routes = new PeerRoutes<T>();
  readonly #socket: Socket;

  /** @throws the system's error, such as `EADDRINUSE` */
  static async bind<T>(
    binding: UdpBinding,
    events: SharedSocketEvents<T>,
  ): Promise<SharedSocket<T>> {
    return new SharedSocket(await bindUdp(binding), events);
  }

  private constructor(socket: Socket, { onDatagram, onError }: SharedSocketEvents<T>) {
    this.#socket = socket;
    socket.on('error', onError);
    socket.on('message', (datagram, from) => onDatagram(datagram, from, this));
    socket.setRecvBufferSize(SHARED_BUFFER_BYTES);
  }

  /** The bound address. */
  get local(): TransportAddress {
    const { address, port } = this.#socket.address();
    return { address, port };
  }

  /** Size of the receive buffer, bytes, as the kernel counts it: twice what it granted. */
  get receiveBufferBytes(): number {
    return this.#socket.getRecvBufferSize();
  }

  /** Sends a datagram. */
  send(datagram: Buffer, port: number, address: string): void {
    this.#socket.send(datagram, port, address);
  }

  /** Closes the socket; resolves when the port is free. */
  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}
