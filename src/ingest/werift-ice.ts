import type { RemoteInfo } from 'node:dgram';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import {
  Candidate,
  CandidatePairState,
  Connection,
  createStunOverTurnClient,
  parseIceServers,
  StunProtocol,
  serverReflexiveCandidate,
} from 'werift';
import { steadyNowUs } from '../clock/steady-clock.ts';
import { Refusal } from '../refusal.ts';
import { MAX_STUN_BYTES, readBindingRequest } from './binding-request.ts';
import { type PeerMedia, receiveBursts } from './datagram-bursts.ts';
import { isStun } from './datagram-kind.ts';
import type { TransportPath } from './farewell.ts';
import type { IceStatistics } from './ice-lite-agent.ts';
import type { IceServer } from './ice-server.ts';
import type { IceCredentials } from './sdp-lines.ts';
import { StrangerGuard } from './stranger-guard.ts';
import { RECEIVE_BUFFER_BYTES } from './udp-socket.ts';
import {
  type CandidatePair,
  type IceInternals,
  requireIceInternals,
  type Way,
} from './werift-ice-internals.ts';

/**
 * Interval of checks on the nominated path, ms. werift's own consent checks (RFC 7675) come every 4
 * to 6 s, and some servers treat only checks as a sign of life and time out after 5 s. Browsers use
 * the same interval.
 */
const KEEPALIVE_MS = 2000;

/** Options of an agent. */
export interface IceAgentOptions {
  /** Addresses to announce, see `resolveIceAddresses`. */
  addresses: readonly string[];
  /** First and last UDP port; any free port if absent. */
  portRange?: readonly [number, number];
  /** STUN and TURN servers from which candidates are gathered. There is no default. */
  servers: readonly IceServer[];
  /** How long gathering may delay the offer, ms. Later candidates are still used. */
  gatherTimeoutMs: number;
  /**
   * Receives datagrams that are not STUN; media is only valid until it returns.
   * @returns what takes the media behind it, if it is media, see `datagram-bursts.ts`
   */
  onDatagram(datagram: Buffer): PeerMedia | undefined;
  /** Called for a candidate that was found after gathering, as a value of `a=candidate`. */
  onLateCandidate(candidate: string): void;
}

/** The other side according to its description. */
export interface RemoteIce extends IceCredentials {
  lite: boolean;
  /** Values of `a=candidate`. */
  candidates: readonly string[];
}

/**
 * A full ICE agent (RFC 8445) for a session that we begin: it gathers candidates, checks them and
 * nominates. Media and DTLS are taken from its sockets before werift sees them.
 */
export class IceAgent {
  /** Our credentials. */
  readonly local: IceCredentials;
  readonly #options: IceAgentOptions;
  readonly #connection: Connection;
  readonly #internals: IceInternals;
  readonly #knownServers = new Set<string>();
  readonly #strangers = new StrangerGuard();
  #keepalive: NodeJS.Timeout | undefined;
  #gathered = false;
  #closed = false;
  #checks = 0;
  #rejectedChecks = 0;
  #lastAuthenticatedUs = 0;
  #path: TransportPath | undefined;
  /** The pair from which {@link path} was created. */
  #pathOf: CandidatePair | undefined;

  /**
   * Opens sockets and gathers candidates.
   * @throws Refusal `no-free-port` if no UDP port could be opened
   */
  static async gather(options: IceAgentOptions): Promise<IceAgent> {
    const agent = new IceAgent(options);
    try {
      await agent.#gather();
      return agent;
    } catch (error) {
      await agent.close();
      throw error;
    }
  }

  private constructor(options: IceAgentOptions) {
    this.#options = options;
    const { addresses, portRange } = options;
    this.#connection = new Connection(true, {
      useIpv4: false,
      useIpv6: false,
      additionalHostAddresses: [...addresses],
      ...(portRange && { portRange: [portRange[0], portRange[1]] }),
      ...bindAddresses(addresses),
    });
    this.#internals = this.#connection as unknown as IceInternals;
    requireIceInternals(this.#connection);
    // Without a value, werift would use a public server.
    this.#connection.stunServer = undefined as never;
    const { localUsername: ufrag, localPassword: password } = this.#connection;
    this.local = { ufrag, password };
    this.#connection.onData.subscribe((datagram) => options.onDatagram(datagram));
  }

  /** All candidates found so far, as values of `a=candidate`. */
  get candidates(): string[] {
    return this.#connection.localCandidates.map((candidate) => candidate.toSdp());
  }

  /**
   * When the last valid check of the other side arrived, µs since the Unix epoch; 0 if none has.
   */
  get lastAuthenticatedUs(): number {
    return this.#lastAuthenticatedUs;
  }

  /**
   * Gathers candidates from further servers, such as those in a `Link` header; skips servers that
   * have been used. Resolves when all have responded or timed out.
   */
  async addServers(servers: readonly IceServer[]): Promise<void> {
    const found: Promise<void>[] = [];
    for (const { urls, username, credential } of servers) {
      for (const url of urls) {
        if (this.#knownServers.has(url)) continue;
        this.#knownServers.add(url);
        const { stunServer, turnServer, turnTransport } = parseIceServers([{ urls: url }]);
        if (stunServer !== undefined) found.push(this.#reflect(stunServer));
        if (turnServer !== undefined && username !== undefined && credential !== undefined) {
          found.push(this.#relay(turnServer, turnTransport, username, credential));
        }
      }
    }
    await Promise.all(found);
  }

  /** Checks the paths to the other side; resolves when one has been nominated. */
  async connect({ ufrag, password, lite, candidates }: RemoteIce): Promise<void> {
    this.#connection.setRemoteParams({ iceLite: lite, usernameFragment: ufrag, password });
    for (const candidate of candidates) {
      await this.#connection.addRemoteCandidate(Candidate.fromSdp(candidate));
    }
    // Without an end-of-candidates indication, it waits for checks of the other side until it is
    // closed.
    await this.#connection.connect();
    if (!this.#closed) this.#keepalive = setInterval(() => this.#checkAgain(), KEEPALIVE_MS);
  }

  /** Sends a datagram to the other side. Drops it while there is no path. */
  send(datagram: Buffer): void {
    this.#connection.send(datagram).catch(() => {});
  }

  /**
   * The path for sending; the same object until it changes. `undefined` for a path through a relay,
   * which only this agent can use.
   */
  get path(): TransportPath | undefined {
    const { nominated } = this.#connection;
    if (nominated !== this.#pathOf) {
      this.#pathOf = nominated;
      this.#path = nominated && pathOf(nominated);
    }
    return this.#path;
  }

  /** Counters since the session began. */
  statistics(): IceStatistics {
    const address = this.#connection.nominated?.remoteAddr;
    return {
      checks: this.#checks,
      rejectedChecks: this.#rejectedChecks,
      strangers: this.#strangers.dropped,
      restarts: 0,
      remote: address === undefined ? '' : `${address[0]} ${address[1]}`,
    };
  }

  /** Call it every 20 ms. */
  tick(): void {
    this.#strangers.tick();
  }

  /** Closes all sockets and stops all timers. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#keepalive);
    this.#connection.onData.allUnsubscribe();
    // A socket resolves even an IP address, which takes until the next turn of the event loop; if
    // it is closed before that, nothing is sent.
    await nextTurn();
    await this.#connection.close();
  }

  async #gather(): Promise<void> {
    await this.#connection.gatherCandidates();
    const ways = this.#internals.protocols.filter(({ type }) => type === StunProtocol.type);
    if (ways.length === 0) {
      const range = this.#options.portRange?.join(' to ') ?? 'any';
      throw new Refusal(
        'no-free-port',
        `no UDP port is free on ${this.#options.addresses.join(', ')} (ports: ${range})`,
      );
    }
    for (const way of ways) this.#tap(way);
    const { servers, gatherTimeoutMs } = this.#options;
    const timeout = new AbortController();
    const found = this.addServers(servers).finally(() => timeout.abort());
    await Promise.race([
      found,
      delay(gatherTimeoutMs, undefined, { signal: timeout.signal }).catch(() => {}),
    ]);
    this.#gathered = true;
  }

  #tap({ transport: { socket } }: Way): void {
    const [forward] = socket.listeners('message') as ((
      datagram: Buffer,
      from: RemoteInfo,
    ) => void)[];
    if (forward === undefined) throw new Error('werift has changed: its socket has no listener');
    socket.removeAllListeners('message');
    socket.on('error', () => {});
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
    receiveBursts(socket, (datagram, from) => {
      if (datagram.length === 0) return undefined;
      const isKnown = this.#isOtherSide(from);
      if (isStun(datagram)) {
        if (this.#isWelcome(datagram, isKnown)) forward(datagram, from);
      } else if (isKnown) {
        return this.#options.onDatagram(datagram);
      } else {
        this.#strangers.drop();
      }
      return undefined;
    });
  }

  // werift accepts checks without verifying MESSAGE-INTEGRITY (RFC 8445 §7.3).
  #isWelcome(datagram: Buffer, isKnown: boolean): boolean {
    // The time of werift's parser grows with the square of the length.
    if (datagram.length < 20 || datagram.length > MAX_STUN_BYTES) return false;
    const isRequest = (datagram.readUInt16BE(0) & 0x0110) === 0;
    if (!isRequest) {
      if (isKnown || this.#strangers.mayCheck()) return true;
      this.#strangers.drop();
      return false;
    }
    const { ufrag, password } = this.local;
    const request = readBindingRequest(datagram, (name) =>
      name === ufrag && (isKnown || this.#strangers.mayCheck()) ? password : undefined,
    );
    if (request === undefined) {
      this.#rejectedChecks++;
      if (!isKnown) this.#strangers.drop();
      return false;
    }
    this.#checks++;
    this.#lastAuthenticatedUs = steadyNowUs();
    return true;
  }

  #isOtherSide({ address, port }: RemoteInfo): boolean {
    return this.#connection.checkList.some(
      ({ state, remoteAddr }) =>
        state === CandidatePairState.SUCCEEDED &&
        remoteAddr[1] === port &&
        remoteAddr[0] === address,
    );
  }

  #checkAgain(): void {
    const {
      nominated,
      remotePassword,
      remoteUsername,
      localUsername,
      iceControlling,
      remoteIsLite,
    } = this.#connection;
    if (nominated === undefined) return;
    const { localCandidate, protocol, remoteAddr } = nominated;
    // A lite agent learns of the nomination only from this (RFC 8445 §8.2).
    const nominate = iceControlling && remoteIsLite;
    const check = this.#internals
      .buildRequest({ nominate, remoteUsername, localUsername, iceControlling, localCandidate })
      .addMessageIntegrity(Buffer.from(remotePassword))
      .addFingerprint();
    protocol.sendStun(check, remoteAddr).catch(() => {});
  }

  async #reflect(server: readonly [string, number]): Promise<void> {
    const sockets = this.#internals.protocols.filter(({ type }) => type === StunProtocol.type);
    await Promise.all(
      sockets.map(async (way) => {
        const candidate = await serverReflexiveCandidate(way as never, [...server]);
        if (candidate !== undefined) this.#found(candidate);
      }),
    );
  }

  async #relay(
    address: readonly [string, number],
    transport: 'udp' | 'tcp' | 'tls' | undefined,
    username: string,
    password: string,
  ): Promise<void> {
    const relay = await createStunOverTurnClient(
      { address: [...address], username, password },
      { transport: transport ?? 'udp', ...bindAddresses(this.#options.addresses) },
    ).catch(() => undefined);
    if (relay === undefined) return;
    if (this.#closed) {
      await relay.close();
      return;
    }
    const [host, port] = relay.turn.relayedAddress;
    const [relatedHost, relatedPort] = relay.turn.mappedAddress;
    relay.localCandidate = Candidate.fromSdp(
      `relay 1 udp ${RELAY_PRIORITY} ${host} ${port} typ relay raddr ${relatedHost} rport ${relatedPort}`,
    );
    this.#internals.ensureProtocol(relay);
    this.#internals.protocols.push(relay as unknown as Way);
    this.#internals.pairLocalProtocol(relay);
    this.#found(relay.localCandidate);
  }

  #found(candidate: Candidate): void {
    if (this.#closed) return;
    this.#internals.appendLocalCandidate(candidate);
    if (this.#gathered) this.#options.onLateCandidate(candidate.toSdp());
  }
}

function pathOf({ protocol, remoteAddr }: CandidatePair): TransportPath | undefined {
  if (protocol.type !== StunProtocol.type) return undefined;
  const { address, port } = (protocol as unknown as Way).transport.socket.address();
  return { local: { address, port }, remote: { address: remoteAddr[0], port: remoteAddr[1] } };
}

/** RFC 8445 §5.1.2.1: type preference 0 (relayed), local preference 65535, component 1. */
const RELAY_PRIORITY = 65535 * 2 ** 8 + 255;

/**
 * Sockets are bound to the announced address if it is the only one of its family and belongs to
 * this machine (a router may map an external address to it); otherwise to all addresses.
 */
function bindAddresses(addresses: readonly string[]): {
  interfaceAddresses?: { udp4?: string; udp6?: string };
} {
  const own = Object.values(networkInterfaces()).flatMap((infos) =>
    (infos ?? []).map(({ address }) => address),
  );
  const only = (family: 4 | 6): string | undefined => {
    const ofFamily = addresses.filter((address) => isIP(address) === family);
    return ofFamily.length === 1 && own.includes(ofFamily[0]!) ? ofFamily[0] : undefined;
  };
  const [udp4, udp6] = [only(4), only(6)];
  return { interfaceAddresses: { ...(udp4 && { udp4 }), ...(udp6 && { udp6 }) } };
}
