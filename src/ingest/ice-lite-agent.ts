import { randomBytes } from 'node:crypto';
import type { RemoteInfo } from 'node:dgram';
import { readBindingRequest } from './binding-request.ts';
import type { TransportPath } from './farewell.ts';
import type { IceCredentials } from './sdp-lines.ts';
import type { SessionSocket } from './session-socket.ts';
import { StrangerGuard } from './stranger-guard.ts';
import { bindingErrorResponse, bindingSuccessResponse } from './werift-stun.ts';

/** A path to the peer: one of our sockets, and the address from which its checks arrive. */
interface Path extends Address {
  socket: SessionSocket;
  /** The same path for code without access to the socket. */
  ends: TransportPath;
}

type Address = Pick<RemoteInfo, 'address' | 'port'>;

/** Counters of an agent since the session began. */
export interface IceStatistics {
  /** Number of valid connectivity checks. */
  checks: number;
  rejectedChecks: number;
  /** Number of datagrams that were dropped because no valid check came from their address. */
  strangers: number;
  restarts: number;
  /** Address of the other side; empty while it is unknown. */
  remote: string;
}

/** Maximum number of the peer's addresses that are remembered. */
const MAX_VERIFIED_ADDRESSES = 64;
/** After this many ticks without a datagram, the peer may have moved. */
const SILENT_TICKS = 10;
/**
 * After this many ticks, other addresses are accepted for one tick: the flood may be over, and the
 * peer may want to check another path.
 */
const NARROWED_TICKS = 500;

/**
 * The ICE-lite agent of a session (RFC 8445 §2.5, §7.3, §8.2): responds to connectivity checks,
 * sends none, and sends data to the address that the controlling peer nominated last. Checks
 * without valid MESSAGE-INTEGRITY are dropped, so an address that has passed a check knows the
 * password of the SDP.
 */
export class IceLiteAgent {
  #local = newCredentials();
  /**
   * Still accepted after a restart, until the peer nominates with the new credentials (RFC 8445
   * §2.4).
   */
  #previous: IceCredentials | undefined;
  #remote: IceCredentials;
  #selected: Path | undefined;
  #nominated = false;
  readonly #verified: Address[] = [];
  readonly #strangers = new StrangerGuard();
  /** Number of ticks since the last datagram on the selected path. */
  #silentTicks = 0;
  #narrowedTicks = 0;
  #lastAuthenticatedUs = 0;
  #checks = 0;
  #rejectedChecks = 0;
  #restarts = 0;

  constructor(remote: IceCredentials) {
    this.#remote = remote;
  }

  get local(): IceCredentials {
    return this.#local;
  }

  get remote(): IceCredentials {
    return this.#remote;
  }

  /** The user fragments of ours that checks may be for. */
  get ufrags(): string[] {
    const previous = this.#previous;
    return previous === undefined ? [this.#local.ufrag] : [this.#local.ufrag, previous.ufrag];
  }

  /** When the last valid check arrived, µs since the Unix epoch; 0 before the first. */
  get lastAuthenticatedUs(): number {
    return this.#lastAuthenticatedUs;
  }

  /** True once a valid check has arrived, so that datagrams can be sent. */
  get isReachable(): boolean {
    return this.#selected !== undefined;
  }

  /** The path for sending; the same object until it changes. */
  get path(): TransportPath | undefined {
    return this.#selected?.ends;
  }

  /** True if the peer has passed a check from this address. */
  isVerified({ address, port }: Address): boolean {
    const path = this.#selected;
    if (path?.port === port && path.address === address) return true;
    return this.#verified.some((known) => known.port === port && known.address === address);
  }

  /**
   * Whether to process a datagram that is no check: only from addresses that have passed a check
   * (RFC 8445 §12.2). Counts the others.
   */
  accepts({ address, port }: Address): boolean {
    const path = this.#selected;
    if (path?.port === port && path.address === address) {
      this.#silentTicks = 0;
      return true;
    }
    for (const known of this.#verified) {
      if (known.port === port && known.address === address) return true;
    }
    this.#strangers.drop();
    return false;
  }

  /**
   * Blocks other addresses during a flood, as long as the peer is heard on its path. Call it every
   * 20 ms.
   */
  tick(): void {
    this.#strangers.tick();
    const path = this.#selected;
    if (path === undefined) return;
    this.#silentTicks++;
    if (path.socket.isNarrowed) {
      this.#narrowedTicks++;
      if (this.#silentTicks > SILENT_TICKS || this.#narrowedTicks > NARROWED_TICKS) {
        path.socket.widen();
      }
    } else if (
      this.#strangers.isFlooded &&
      this.#nominated &&
      this.#previous === undefined &&
      this.#silentTicks <= SILENT_TICKS
    ) {
      this.#narrowedTicks = 0;
      path.socket.narrow(path);
    }
  }

  /** Handles a STUN datagram that arrived at `nowUs` (µs since the Unix epoch). Never throws. */
  receive(datagram: Buffer, from: RemoteInfo, socket: SessionSocket, nowUs: number): void {
    const isKnown = this.isVerified(from);
    const request = readBindingRequest(datagram, (ufrag) => {
      const password = this.#passwordOf(ufrag);
      // Nothing has been computed yet. Only a limited number of checks from unknown addresses is
      // verified.
      return password !== undefined && (isKnown || this.#strangers.mayCheck())
        ? password
        : undefined;
    });
    // A datagram may claim port 0 as its source, to which nothing can be sent.
    if (request === undefined || from.port === 0) {
      this.#rejectedChecks++;
      if (!isKnown) this.#strangers.drop();
      return;
    }
    this.#checks++;
    this.#lastAuthenticatedUs = nowUs;
    const password = this.#passwordOf(request.ufrag)!;
    if (request.controlled) {
      // RFC 8445 §7.3.1.1: a lite agent never becomes the controlling agent.
      this.#reply(bindingErrorResponse(request, 487, 'Role Conflict', password), from, socket);
      return;
    }
    this.#verify(from);
    socket.admit(from);
    this.#reply(bindingSuccessResponse(request, from.address, from.port, password), from, socket);

    const current = request.ufrag === this.#local.ufrag;
    if (request.nominates && (current || this.#previous === undefined)) {
      // Browsers nominate again when they find a better path, so the last nomination counts.
      this.#select(from, socket);
      this.#nominated = true;
      this.#previous = undefined;
    } else if (!this.#nominated) {
      this.#select(from, socket);
    }
  }

  /** Sends a datagram to the peer. Drops it before the first valid check. */
  send(datagram: Buffer): void {
    const path = this.#selected;
    path?.socket.send(datagram, path.port, path.address);
  }

  /** Begins a new ICE session on the same sockets (RFC 8445 §9); media continues meanwhile. */
  restart(remote: IceCredentials): void {
    // The peer may come from another address.
    this.#selected?.socket.widen();
    this.#previous ??= this.#local;
    this.#local = newCredentials();
    this.#remote = remote;
    this.#restarts++;
  }

  /** Counters since the session began. */
  statistics(): IceStatistics {
    const path = this.#selected;
    return {
      checks: this.#checks,
      rejectedChecks: this.#rejectedChecks,
      strangers: this.#strangers.dropped,
      restarts: this.#restarts,
      remote: path === undefined ? '' : `${path.address} ${path.port}`,
    };
  }

  #passwordOf(ufrag: string): string | undefined {
    if (ufrag === this.#local.ufrag) return this.#local.password;
    if (ufrag === this.#previous?.ufrag) return this.#previous.password;
    return undefined;
  }

  #verify({ address, port }: Address): void {
    if (this.isVerified({ address, port })) return;
    if (this.#verified.length >= MAX_VERIFIED_ADDRESSES) this.#verified.length = 0;
    this.#verified.push({ address, port });
  }

  #select({ address, port }: Address, socket: SessionSocket): void {
    this.#silentTicks = 0;
    const path = this.#selected;
    if (path?.socket === socket && path.port === port && path.address === address) return;
    path?.socket.widen();
    const ends = { local: socket.local, remote: { address, port } };
    this.#selected = { socket, address, port, ends };
  }

  #reply(response: Buffer, from: RemoteInfo, socket: SessionSocket): void {
    socket.send(response, from.port, from.address);
  }
}

// RFC 8839 §5.4: at least 24 bits for ufrag and 128 for the password, in letters, digits, + and /.
function newCredentials(): IceCredentials {
  return { ufrag: randomBytes(6).toString('base64'), password: randomBytes(24).toString('base64') };
}
