import type { Socket } from 'node:dgram';
import type { TransportAddress } from './farewell.ts';
import type { SessionSocket } from './session-socket.ts';

/**
 * A UDP socket of a session. It accepts datagrams from anywhere, as ICE requires. It can be
 * narrowed to one address: the kernel then drops datagrams from others before they fill the receive
 * buffer or cost this thread time.
 */
export class PeerSocket implements SessionSocket {
  readonly #socket: Socket;
  #peer: { address: string; port: number } | undefined;

  /**
   * @param socket bound to an explicit port (see {@link PeerSocket.widen}), with a synchronous
   * `lookup`
   * @param onError called for an error that the peer did not cause
   */
  constructor(socket: Socket, onError: (error: Error) => void = () => {}) {
    this.#socket = socket;
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // Only a connected socket reports that nobody listens there any more; ICE detects that
      // itself.
      if (this.#peer !== undefined && error.code === 'ECONNREFUSED') this.widen();
      else onError(error);
    });
  }

  /** Size of the receive buffer, bytes, as the kernel counts it. */
  get receiveBufferBytes(): number {
    return this.#socket.getRecvBufferSize();
  }

  /** The bound address. */
  get local(): TransportAddress {
    const { address, port } = this.#socket.address();
    return { address, port };
  }

  /** True while only datagrams from one address arrive. */
  get isNarrowed(): boolean {
    return this.#peer !== undefined;
  }

  /** Sends a datagram. While narrowed, drops datagrams to any other address. */
  send(datagram: Buffer, port: number, address: string): void {
    const peer = this.#peer;
    if (peer === undefined) this.#socket.send(datagram, port, address);
    else if (peer.port === port && peer.address === address) this.#socket.send(datagram);
  }

  /**
   * From now on accepts datagrams from this address only; those already in the socket still arrive.
   */
  narrow({ address, port }: TransportAddress): void {
    if (this.#peer !== undefined) return;
    // Completes before it returns, or fails with a later event.
    this.#socket.connect(port, address);
    try {
      this.#socket.remoteAddress();
    } catch {
      return;
    }
    this.#peer = { address, port };
  }

  /**
   * Accepts datagrams from anywhere again. On Linux this releases the port of a socket that was
   * bound to port 0, which would then receive nothing.
   */
  widen(): void {
    if (this.#peer === undefined) return;
    this.#peer = undefined;
    this.#socket.disconnect();
  }

  /** All datagrams are for the one session that has the socket. */
  admit(): void {}

  /** Closes the socket; resolves when its port is free. */
  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}
