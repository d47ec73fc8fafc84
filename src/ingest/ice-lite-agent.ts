import { randomBytes } from 'node:crypto';
import type { RemoteInfo, Socket } from 'node:dgram';
import { readBindingRequest } from './binding-request.ts';
import type { IceCredentials } from './sdp-lines.ts';
import { bindingErrorResponse, bindingSuccessResponse } from './werift-stun.ts';

/** A way to the peer: one of our sockets and the address that checks came from. */
interface Path {
  socket: Socket;
  address: string;
  port: number;
}

/** Most addresses of the peer that are remembered as its own. */
const MAX_VERIFIED_ADDRESSES = 64;

/**
 * The ICE-lite side of a session (RFC 8445 §2.5, §7.3, §8.2): answers connectivity checks, sends
 * none, and sends data where the controlling peer last nominated. A check without the right
 * MESSAGE-INTEGRITY is dropped, so whoever has passed one knows the password of the SDP.
 */
export class IceLiteAgent {
  #local = newCredentials();
  /** Still answered after a restart, until the peer nominates with the new ones (RFC 8445 §2.4). */
  #previous: IceCredentials | undefined;
  #remote: IceCredentials;
  #selected: Path | undefined;
  #nominated = false;
  readonly #verified = new Set<string>();
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

  /** When the last valid check arrived: µs since the Unix epoch, 0 before the first. */
  get lastAuthenticatedUs(): number {
    return this.#lastAuthenticatedUs;
  }

  /** True when the peer has passed a check from this address, so that its DTLS is worth reading. */
  isVerified(from: RemoteInfo): boolean {
    return this.#verified.has(pathKey(from));
  }

  /** Takes a STUN datagram that arrived at `nowUs` (µs since the Unix epoch). Never throws. */
  receive(datagram: Buffer, from: RemoteInfo, socket: Socket, nowUs: number): void {
    const request = readBindingRequest(datagram, (ufrag) => this.#passwordOf(ufrag));
    // A datagram may claim to come from port 0, to which none can be sent.
    if (request === undefined || from.port === 0) {
      this.#rejectedChecks++;
      return;
    }
    this.#checks++;
    this.#lastAuthenticatedUs = nowUs;
    const password = this.#passwordOf(request.ufrag)!;
    if (request.controlled) {
      // RFC 8445 §7.3.1.1: a lite agent never becomes the controlling one.
      this.#reply(bindingErrorResponse(request, 487, 'Role Conflict', password), from, socket);
      return;
    }
    this.#verify(from);
    this.#reply(bindingSuccessResponse(request, from.address, from.port, password), from, socket);

    const current = request.ufrag === this.#local.ufrag;
    if (request.nominates && (current || this.#previous === undefined)) {
      // Browsers nominate anew when a better path shows up, so the last nomination counts.
      this.#select(from, socket);
      this.#nominated = true;
      this.#previous = undefined;
    } else if (!this.#nominated) {
      this.#select(from, socket);
    }
  }

  /** Sends a datagram to the peer. Dropped as long as no check of it has arrived. */
  send(datagram: Buffer): void {
    const path = this.#selected;
    path?.socket.send(datagram, path.port, path.address);
  }

  /** Begins a new ICE session on the same sockets (RFC 8445 §9); media goes on meanwhile. */
  restart(remote: IceCredentials): void {
    this.#previous ??= this.#local;
    this.#local = newCredentials();
    this.#remote = remote;
    this.#restarts++;
  }

  /** Counters since the session began. */
  statistics(): { checks: number; rejectedChecks: number; restarts: number; remote: string } {
    const path = this.#selected;
    return {
      checks: this.#checks,
      rejectedChecks: this.#rejectedChecks,
      restarts: this.#restarts,
      remote: path === undefined ? '' : `${path.address} ${path.port}`,
    };
  }

  #passwordOf(ufrag: string): string | undefined {
    if (ufrag === this.#local.ufrag) return this.#local.password;
    if (ufrag === this.#previous?.ufrag) return this.#previous.password;
    return undefined;
  }

  #verify(from: RemoteInfo): void {
    const key = pathKey(from);
    if (this.#verified.has(key)) return;
    if (this.#verified.size >= MAX_VERIFIED_ADDRESSES) this.#verified.clear();
    this.#verified.add(key);
  }

  #select(from: RemoteInfo, socket: Socket): void {
    const path = this.#selected;
    if (path?.socket === socket && path.port === from.port && path.address === from.address) return;
    this.#selected = { socket, address: from.address, port: from.port };
  }

  #reply(response: Buffer, from: RemoteInfo, socket: Socket): void {
    socket.send(response, from.port, from.address);
  }
}

// RFC 8839 §5.4: at least 24 bits of ufrag and 128 of password, in letters, digits, + and /.
function newCredentials(): IceCredentials {
  return { ufrag: randomBytes(6).toString('base64'), password: randomBytes(24).toString('base64') };
}

function pathKey(from: RemoteInfo): string {
  return `${from.address} ${from.port}`;
}
