import type { RemoteInfo } from 'node:dgram';
import type { TransportAddress } from './farewell.ts';
import type { DatagramListener, SessionSocket } from './session-socket.ts';
import type { SharedSocket } from './shared-socket.ts';

/** Maximum number of addresses from which one session receives, on each socket. */
const MOST_ADDRESSES = 64;

/** A session on a shared port. */
export class PortMember {
  readonly #onDatagram: DatagramListener;
  readonly #onContested: (from: TransportAddress) => void;
  readonly #sockets: PortMemberSocket[] = [];

  /** @param onContested called if an address went to another session and has come back */
  constructor(onDatagram: DatagramListener, onContested: (from: TransportAddress) => void) {
    this.#onDatagram = onDatagram;
    this.#onContested = onContested;
  }

  /** Its share of a socket. */
  at(shared: SharedSocket<PortMemberSocket>): PortMemberSocket {
    let socket = this.#sockets.find((known) => known.shared === shared);
    if (socket === undefined) {
      socket = new PortMemberSocket(shared, this.#onDatagram, this.#onContested);
      this.#sockets.push(socket);
    }
    return socket;
  }

  /** Gives back all addresses. */
  leave(): void {
    for (const socket of this.#sockets) socket.leave();
  }
}

/** A session's share of a socket. */
export class PortMemberSocket implements SessionSocket {
  readonly shared: SharedSocket<PortMemberSocket>;
  /** The kernel cannot select for one of several sessions. */
  readonly isNarrowed = false;
  readonly #onDatagram: DatagramListener;
  readonly #onContested: (from: TransportAddress) => void;
  readonly #addresses: TransportAddress[] = [];
  /** The last address that another session has taken. */
  #lost: TransportAddress | undefined;

  constructor(
    shared: SharedSocket<PortMemberSocket>,
    onDatagram: DatagramListener,
    onContested: (from: TransportAddress) => void,
  ) {
    this.shared = shared;
    this.#onDatagram = onDatagram;
    this.#onContested = onContested;
  }

  get local(): TransportAddress {
    return this.shared.local;
  }

  /** Hands a datagram to the session. */
  receive(datagram: Buffer, from: RemoteInfo): void {
    this.#onDatagram(datagram, from, this);
  }

  send(datagram: Buffer, port: number, address: string): void {
    this.shared.send(datagram, port, address);
  }

  narrow(): void {}

  widen(): void {}

  admit({ address, port }: TransportAddress): void {
    const { routes } = this.shared;
    const owner = routes.get(address, port);
    if (owner === this) return;
    if (owner !== undefined) {
      owner.#lose(address, port);
      if (this.#lost?.port === port && this.#lost.address === address)
        this.#onContested(this.#lost);
    }
    if (this.#addresses.length === MOST_ADDRESSES) {
      const oldest = this.#addresses.shift()!;
      routes.delete(oldest.address, oldest.port);
    }
    this.#addresses.push({ address, port });
    routes.set(address, port, this);
  }

  /** Gives back all addresses. */
  leave(): void {
    for (const { address, port } of this.#addresses) this.shared.routes.delete(address, port);
    this.#addresses.length = 0;
  }

  /** Another session has taken the address. */
  #lose(address: string, port: number): void {
    this.#lost = { address, port };
    const index = this.#addresses.findIndex(
      (known) => known.port === port && known.address === address,
    );
    if (index >= 0) this.#addresses.splice(index, 1);
  }
}
