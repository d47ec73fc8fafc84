import type { RemoteInfo } from 'node:dgram';
import { isIP } from 'node:net';
import { Refusal } from '../refusal.ts';
import { ufragOf } from './binding-request.ts';
import { isStun } from './datagram-kind.ts';
import type { TransportAddress } from './farewell.ts';
import { resolveIceAddresses } from './ice-sockets.ts';
import { PortMember, type PortMemberSocket } from './port-member.ts';
import type { SessionLog } from './publish-sink.ts';
import type { DatagramListener, HostCandidate, SessionSockets } from './session-socket.ts';
import { SharedSocket, type SharedSocketEvents } from './shared-socket.ts';
import { bindUdp } from './udp-socket.ts';

/** Options of a {@link SharedPort}. */
export interface SharedPortOptions {
  /** `[webrtc] ice_udp_addrs`, see {@link resolveIceAddresses}; ports in it are not used. */
  iceAddresses: readonly string[];
  /** UDP port on each of the addresses. */
  port: number;
  log: Pick<SessionLog, 'warn'>;
}

/** Figures of a port. */
export interface SharedPortStatistics {
  /** Number of datagrams that belonged to no session, since it was opened. */
  strangers: number;
  /** Number of addresses of publishers from which it takes datagrams. */
  addresses: number;
  /** The smallest receive buffer of a system socket, bytes as the kernel counts it; 0 without sockets. */
  receiveBufferBytes: number;
}

/**
 * One UDP port for all sessions of a thread. A connectivity check names its session by our user
 * fragment in USERNAME (RFC 8445 §7.2.2); once the session has verified it, everything from the
 * check's address is for that session, until another one verifies a check from there. Whatever is
 * for nobody is dropped and counted, and leaves no trace: what is remembered grows with the number
 * of sessions alone.
 */
export class SharedPort {
  readonly #options: SharedPortOptions;
  /** By address, and by family where one socket is bound to all addresses. */
  readonly #sockets = new Map<string | 4 | 6, SharedSocket<PortMemberSocket>>();
  readonly #events: SharedSocketEvents<PortMemberSocket>;
  readonly #byUfrag = new Map<string, PortMember>();
  #opening: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  #received = 0;
  #strangers = 0;
  #hasContested = false;

  constructor(options: SharedPortOptions) {
    this.#options = options;
    const { port, log } = options;
    this.#events = {
      onDatagram: (datagram, from, on) => this.#onDatagram(datagram, from, on),
      onError: (err) => log.warn({ err, port }, 'error on the UDP port of the publishers'),
    };
  }

  /** The UDP port. */
  get port(): number {
    return this.#options.port;
  }

  /** Figures for operators. */
  statistics(): SharedPortStatistics {
    let addresses = 0;
    let receiveBufferBytes = 0;
    for (const socket of this.#sockets.values()) {
      addresses += socket.routes.size;
      const bytes = socket.receiveBufferBytes;
      if (receiveBufferBytes === 0 || bytes < receiveBufferBytes) receiveBufferBytes = bytes;
    }
    return { strangers: this.#strangers, addresses, receiveBufferBytes };
  }

  /**
   * Opens a socket for each address that has none yet; `auto` may find further addresses later.
   * @returns what is to be announced
   * @throws Refusal `no-free-port` if the port cannot be opened; it is tried again when called again
   */
  open(): Promise<HostCandidate[]> {
    const opened = this.#opening.then(() => this.#openAll());
    this.#opening = opened.catch(() => {});
    return opened;
  }

  /**
   * Begins to receive for a session, which then names its user fragments.
   * @throws Refusal `no-free-port` if the port cannot be opened
   */
  async join(onDatagram: DatagramListener): Promise<SessionSockets> {
    const candidates = await this.open();
    const member = new PortMember(onDatagram, (from) => this.#onContested(from));
    const received = (): number => this.#received;
    let own: readonly string[] = [];
    const answerTo = (ufrags: readonly string[]): void => {
      for (const ufrag of own) this.#byUfrag.delete(ufrag);
      for (const ufrag of ufrags) this.#byUfrag.set(ufrag, member);
      own = ufrags;
    };
    return {
      candidates,
      answerTo,
      get received() {
        return received();
      },
      close: async () => {
        answerTo([]);
        member.leave();
      },
    };
  }

  /** Closes all sockets; resolves when the port is free. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#opening;
    await Promise.all([...this.#sockets.values()].map((socket) => socket.close()));
    this.#sockets.clear();
  }

  #onDatagram(datagram: Buffer, from: RemoteInfo, on: SharedSocket<PortMemberSocket>): void {
    this.#received++;
    let receiver: PortMemberSocket | undefined;
    if (isStun(datagram)) {
      const ufrag = ufragOf(datagram);
      if (ufrag !== undefined) receiver = this.#byUfrag.get(ufrag)?.at(on);
    } else receiver = on.routes.get(from.address, from.port);
    if (receiver === undefined) this.#strangers++;
    else receiver.receive(datagram, from);
  }

  /** Once is enough: it is about every session that this client will ever have. */
  #onContested(from: TransportAddress): void {
    if (this.#hasContested) return;
    this.#hasContested = true;
    this.#options.log.warn(
      { from },
      'two sessions send from the same address and port, and disturb each other: a client that sends all its streams from one socket cannot be received on [webrtc] ice_udp_port',
    );
  }

  async #openAll(): Promise<HostCandidate[]> {
    const { iceAddresses, port } = this.#options;
    if (this.#isClosed) throw new Refusal('stopping', 'the recorder is stopping');
    const addresses = new Set(resolveIceAddresses(iceAddresses).map(({ address }) => address));
    if (addresses.size === 0) {
      const message = 'this machine has no address for media; see [webrtc] ice_udp_addrs';
      throw new Refusal('no-free-port', message);
    }
    for (const family of [4, 6] as const) {
      if (this.#sockets.has(family)) continue;
      const ofFamily = [...addresses].filter((address) => isIP(address) === family);
      const isFirst = !ofFamily.some((address) => this.#sockets.has(address));
      // One that a router maps to this machine cannot be bound, and beside a socket that is bound to
      // all addresses there can be no other.
      if (isFirst && !(await areBindable(family, ofFamily))) await this.#bind(family, family);
      else for (const address of ofFamily) await this.#bind(address, family, address);
    }
    return [...addresses].map((address) => ({ address, port }));
  }

  async #bind(key: string | 4 | 6, family: 4 | 6, address?: string): Promise<void> {
    if (this.#sockets.has(key)) return;
    const { port } = this.#options;
    try {
      this.#sockets.set(key, await SharedSocket.bind({ family, address, port }, this.#events));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const reason =
        code === 'EADDRINUSE' ? 'is in use by another program' : `cannot be used (${code})`;
      const on = address ?? 'this machine';
      throw new Refusal('no-free-port', `UDP port ${port} of ${on} ${reason}`);
    }
  }
}

async function areBindable(family: 4 | 6, addresses: readonly string[]): Promise<boolean> {
  for (const address of addresses) {
    try {
      const socket = await bindUdp({ family, address, port: 0 });
      socket.close();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRNOTAVAIL') return false;
      throw error;
    }
  }
  return true;
}
