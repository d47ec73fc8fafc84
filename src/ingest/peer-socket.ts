import type { RemoteInfo, Socket } from 'node:dgram';
import type { TransportAddress } from './farewell.ts';

/**
 * A UDP socket of a session. It takes datagrams from anywhere, as ICE wants it; it can be narrowed to
 * one address, and then the kernel drops what comes from others before it fills the receive buffer or
 * costs this thread anything.
 */
export class PeerSocket {
  readonly #socket: Socket;
  #peer: { address: string; port: number } | undefined;

  /**
   * @param socket bound to a port that was named (see {@link PeerSocket.widen}), with a `lookup` that
   * calls back at once
   * @param onError told of an error that is none of the peer's
   */
  constructor(socket: Socket, onError: (error: Error) => void = () => {}) {
    this.#socket = socket;
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // Only a connected socket hears that nobody listens there any more; ICE has its own way to know.
      if (this.#peer !== undefined && error.code === 'ECONNREFUSED') this.widen();
      else onError(error);
    });
  }

  /** Bytes that wait for us at most, as the kernel counts them. */
  get receiveBufferBytes(): number {
    return this.#socket.getRecvBufferSize();
  }

  /** Where it is bound. */
  get local(): TransportAddress {
    const { address, port } = this.#socket.address();
    return { address, port };
  }

  /** True while only datagrams of one address arrive. */
  get isNarrowed(): boolean {
    return this.#peer !== undefined;
  }

  /** Sends a datagram. While narrowed nothing is sent to any other address. */
  send(datagram: Buffer, port: number, address: string): void {
    const peer = this.#peer;
    if (peer === undefined) this.#socket.send(datagram, port, address);
    else if (peer.port === port && peer.address === address) this.#socket.send(datagram);
  }

  /** Takes datagrams of this address alone from now on; what waits in the socket comes all the same. */
  narrow({ address, port }: Pick<RemoteInfo, 'address' | 'port'>): void {
    if (this.#peer !== undefined) return;
    // Done when it returns, or refused by the system, which is told by an event later on.
    this.#socket.connect(port, address);
    try {
      this.#socket.remoteAddress();
    } catch {
      return;
    }
    this.#peer = { address, port };
  }

  /**
   * Takes datagrams from anywhere again. Linux gives the port of a socket away here that was bound to
   * port 0, so that one would receive nothing any more.
   */
  widen(): void {
    if (this.#peer === undefined) return;
    this.#peer = undefined;
    this.#socket.disconnect();
  }

  /** Closes it; resolves when its port is free again. */
  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}
