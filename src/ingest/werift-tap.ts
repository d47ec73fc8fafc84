import { createHash, verify, X509Certificate } from 'node:crypto';
import {
  DtlsClient,
  DtlsServer,
  keyLength,
  ProtectionProfileAeadAes128Gcm,
  ProtectionProfileAes128CmHmacSha1_80,
  saltLength,
} from 'werift';
import type { SrtpKeyPair } from '../rtp/srtp-keys.ts';
import type { Fingerprint } from './description.ts';
import { HandshakeOrder } from './dtls-handshake-order.ts';
import {
  CLOSE_NOTIFY,
  CLOSE_NOTIFY_NUMBER,
  CONTENT_TYPES,
  type DtlsRecord,
  hasUnprotectedRecord,
  protectedRecord,
  RecordNumbers,
} from './dtls-record.ts';
import { requireDtlsInternals } from './werift-dtls-internals.ts';
import { type DtlsIdentity, SIGNATURE } from './werift-identity.ts';

// Only the files werift-*.ts know werift. This one uses both sides of DTLS. Undocumented members are
// listed in werift-dtls-internals.ts.

/** SRTP protection profiles in order of preference (RFC 5764 §4.1.2, RFC 7714 §14.2). */
const SRTP_PROFILES = [
  ProtectionProfileAeadAes128Gcm,
  ProtectionProfileAes128CmHmacSha1_80,
] as const;

const PROFILE_NAMES = {
  [ProtectionProfileAeadAes128Gcm]: 'AEAD_AES_128_GCM',
  [ProtectionProfileAes128CmHmacSha1_80]: 'AES_CM_128_HMAC_SHA1_80',
} as const;

/** Who begins the DTLS handshake: the client (`a=setup:active`, RFC 4145 §4). */
export type DtlsRole = 'client' | 'server';

/** How messages name the other side of a session and the description with its fingerprint. */
export interface DtlsPeer {
  name: string;
  description: string;
}

/** The other side of a session that the publisher began. */
export const PUBLISHER: DtlsPeer = { name: 'publisher', description: 'offer' };
/** The other side of a session that we began. */
export const WHEP_SERVER: DtlsPeer = { name: 'server', description: 'answer' };

/** A handshake message of werift, reduced to what is used here. */
type HandshakeMessage = Pick<FragmentedHandshake, 'msg_type' | 'fragment' | 'serialize'>;
type FragmentedHandshake = DtlsServer['dtls']['sortedHandshakeCache'][number];

/** Proof that the peer has the key of its certificate. */
interface Proof {
  /** Hash function as named by Node. */
  hash: string;
  signed: Buffer;
  signature: Buffer;
}

/** Events of a DTLS handshake. */
export interface DtlsEvents {
  /** Sends a datagram to the peer. */
  send(datagram: Buffer): void;
  /** The handshake is complete and the peer is authenticated; called once. */
  onConnected(keys: SrtpKeyPair): void;
  /** The handshake failed; called once, never after `onConnected`. */
  onFailed(error: Error): void;
  /** An alert arrived. It may be forged, so it is only a hint. */
  onAlert(): void;
}

/** One side of a session's DTLS (RFC 5763, RFC 5764), which provides the keys of SRTP and SRTCP. */
export abstract class DtlsSrtp<Socket extends DtlsServer | DtlsClient = DtlsServer | DtlsClient> {
  protected readonly socket: Socket;
  readonly #peer: DtlsPeer;
  readonly #transport: {
    type: string;
    address: never;
    closed: boolean;
    onData: (datagram: Buffer, from: readonly [string, number]) => void;
    send: (datagram: Buffer) => Promise<void>;
    close: () => Promise<void>;
  };
  readonly #fingerprints: readonly Fingerprint[];
  readonly #events: DtlsEvents;
  readonly #order: HandshakeOrder;
  #settled = false;

  /**
   * @param fingerprints of the peer's certificate, one of which must match
   * @throws Error that names a missing member of werift
   */
  protected constructor(
    create: new (options: ConstructorParameters<typeof DtlsServer>[0]) => Socket,
    peer: DtlsPeer,
    identity: DtlsIdentity,
    fingerprints: readonly Fingerprint[],
    events: DtlsEvents,
  ) {
    this.#peer = peer;
    this.#fingerprints = fingerprints;
    this.#events = events;
    const numbers = new RecordNumbers();
    this.#transport = {
      type: 'ice',
      address: {} as never,
      closed: false,
      onData: () => {},
      send: async (datagram) => {
        if (!this.#transport.closed) events.send(numbers.renumbered(datagram));
      },
      close: async () => {},
    };
    const isServer = (create as unknown) === DtlsServer;
    this.socket = new create({
      cert: identity.certificatePem,
      key: identity.privateKeyPem,
      signatureHash: SIGNATURE,
      transport: this.#transport,
      srtpProfiles: [...SRTP_PROFILES],
      extendedMasterSecret: true,
      // A client that is configured this way waits for a request that FFmpeg never sends.
      certificateRequest: isServer,
    });
    requireDtlsInternals(this.socket);
    this.#order = new HandshakeOrder({
      isServer,
      open: (record) => this.#open(record),
      deliver: (datagram) => this.#deliver(datagram),
    });
    this.socket.onConnect.subscribe(() => this.#connected());
    this.socket.onError.subscribe((error: unknown) => this.failed(error));
    this.socket.onClose.subscribe(() => events.onAlert());
  }

  /** Begins the handshake if we are the client; call it once the peer can be reached. */
  abstract start(): void;

  /**
   * Handles a DTLS datagram. Never throws.
   * @param mediaFlows true once a packet of the peer was authenticated. The handshake is complete
   * then, so an unencrypted record (epoch 0) is forged or stale, but werift would accept it.
   */
  receive(datagram: Buffer, mediaFlows: boolean): void {
    if (this.#transport.closed || (mediaFlows && hasUnprotectedRecord(datagram))) return;
    this.#order.receive(datagram);
  }

  /** Total size of the handshake messages that wait for earlier ones, bytes. */
  get waitingBytes(): number {
    return this.#order.waitingBytes;
  }

  /**
   * The record that tells the peer that the session is over (RFC 5246 §7.2.1); `undefined` before
   * the peer has the keys. Always the same bytes, in memory of its own.
   */
  closeNotify(): Buffer | undefined {
    const { cipher, dtls } = this.socket;
    const { epoch } = dtls;
    if (epoch === 0) return undefined;
    const recordLayerHeader = {
      contentType: CONTENT_TYPES.alert,
      protocolVersion: dtls.version,
      epoch,
      sequenceNumber: CLOSE_NOTIFY_NUMBER,
    };
    const packet = { recordLayerHeader, fragment: CLOSE_NOTIFY };
    const { fragment } = cipher.encryptPacket(packet as never);
    return protectedRecord(CONTENT_TYPES.alert, epoch, CLOSE_NOTIFY_NUMBER, fragment);
  }

  /** Stops retransmissions; nothing is sent or reported afterwards. */
  close(): void {
    this.#settled = true;
    this.#transport.closed = true;
    // The retransmission loop of a flight ends when it sees a later one. A message that is still
    // being processed must not begin another loop.
    Object.defineProperty(this.socket.dtls, 'flight', {
      get: () => Number.MAX_SAFE_INTEGER,
      set: () => {},
    });
    for (const event of [this.socket.onConnect, this.socket.onError, this.socket.onClose]) {
      event.allUnsubscribe();
    }
  }

  #deliver(datagram: Buffer): void {
    try {
      this.#transport.onData(datagram, ['', 0]);
    } catch {
      // Unreadable datagrams are dropped (RFC 6347 §4.1.2.7).
    }
  }

  #open({ contentType, version, epoch, sequenceNumber, fragment }: DtlsRecord): Buffer | undefined {
    const { cipher } = this.socket;
    // Undefined before there are keys, contrary to its type.
    if ((cipher.cipher as unknown) === undefined) return undefined;
    const recordLayerHeader = { contentType, protocolVersion: version, epoch, sequenceNumber };
    try {
      return cipher.decryptPacket({ recordLayerHeader, fragment } as never);
    } catch {
      return undefined;
    }
  }

  #connected(): void {
    if (this.#settled) return;
    let keys: SrtpKeyPair;
    try {
      this.#checkPeer();
      keys = this.#deriveKeys();
    } catch (error) {
      this.failed(error);
      return;
    }
    this.#settled = true;
    this.#events.onConnected(keys);
  }

  /** What the peer signed (see RFC 5246 §7.4); `undefined` if it cannot be verified. */
  protected abstract proof(transcript: readonly HandshakeMessage[]): Proof | undefined;

  /** Handles what werift throws, rejects with or reports: errors and strings. */
  protected failed(error: unknown): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#events.onFailed(error instanceof Error ? error : new Error(String(error)));
  }

  // werift parses signatures without verifying them. Anyone can present a certificate; only the
  // signature proves that the peer has its key (RFC 5246 §7.4.8, RFC 8422 §5.4).
  #checkPeer(): void {
    const { name, description } = this.#peer;
    const certificate = this.socket.remoteCertificate;
    if (certificate === undefined) throw new Error(`the ${name} sent no DTLS certificate`);
    const known = this.#fingerprints.some(({ algorithm, digest }) =>
      createHash(algorithm).update(certificate).digest().equals(digest),
    );
    if (!known) {
      throw new Error(`the DTLS certificate does not match a=fingerprint of the ${description}`);
    }
    const proof = this.proof(this.socket.dtls.sortedHandshakeCache);
    if (proof === undefined) {
      throw new Error(`the ${name} did not sign the DTLS handshake with a supported hash function`);
    }
    const key = new X509Certificate(certificate).publicKey;
    if (!verify(proof.hash, proof.signed, key, proof.signature)) {
      throw new Error(`the ${name} does not have the key of its DTLS certificate`);
    }
  }

  #deriveKeys(): SrtpKeyPair {
    const profile = this.socket.srtp.srtpProfile;
    if (profile === undefined) {
      throw new Error(
        `the ${this.#peer.name} does not support any of these SRTP profiles: AEAD_AES_128_GCM, AES_CM_128_HMAC_SHA1_80`,
      );
    }
    const { localKey, localSalt, remoteKey, remoteSalt } = this.socket.extractSessionKeys(
      keyLength(profile),
      saltLength(profile),
    );
    const name = PROFILE_NAMES[profile];
    return {
      receiving: { profile: name, masterKey: remoteKey, masterSalt: remoteSalt },
      sending: { profile: name, masterKey: localKey, masterSalt: localSalt },
    };
  }
}

/** The DTLS server of a session: the other side begins. */
export class DtlsSrtpServer extends DtlsSrtp<DtlsServer> {
  /** See {@link DtlsSrtp}. */
  constructor(
    identity: DtlsIdentity,
    fingerprints: readonly Fingerprint[],
    events: DtlsEvents,
    peer: DtlsPeer = PUBLISHER,
  ) {
    super(DtlsServer, peer, identity, fingerprints, events);
  }

  start(): void {}

  // RFC 5246 §7.4.8: the client signs all previous messages.
  protected proof(transcript: readonly HandshakeMessage[]): Proof | undefined {
    const index = transcript.findIndex(({ msg_type }) => msg_type === CERTIFICATE_VERIFY);
    const message = transcript[index]?.fragment;
    const signed = transcript.slice(0, index).map((part) => part.serialize());
    return message && readSignature(message, 0, Buffer.concat(signed));
  }
}

/** The DTLS client of a session: we begin. */
export class DtlsSrtpClient extends DtlsSrtp<DtlsClient> {
  /** See {@link DtlsSrtp}. */
  constructor(
    identity: DtlsIdentity,
    fingerprints: readonly Fingerprint[],
    events: DtlsEvents,
    peer: DtlsPeer = WHEP_SERVER,
  ) {
    super(DtlsClient, peer, identity, fingerprints, events);
  }

  start(): void {
    this.socket.connect().catch((error: unknown) => this.failed(error));
  }

  // RFC 8422 §5.4: the server signs both random values and its public key, which is encoded as
  // curve_type (1), namedcurve (2), length (1), point.
  protected proof(transcript: readonly HandshakeMessage[]): Proof | undefined {
    const message = transcript.find(({ msg_type }) => msg_type === SERVER_KEY_EXCHANGE)?.fragment;
    if (message === undefined) return undefined;
    const length = 4 + message.readUInt8(3);
    const { localRandom, remoteRandom } = this.socket.cipher;
    const signed = [localRandom.serialize(), remoteRandom.serialize(), message.subarray(0, length)];
    return readSignature(message, length, Buffer.concat(signed));
  }
}

/** HandshakeType of RFC 5246 §7.4. */
const SERVER_KEY_EXCHANGE = 12;
const CERTIFICATE_VERIFY = 15;

/** Secure hash functions by their HashAlgorithm number in RFC 5246 §7.4.1.4.1. */
const SIGNATURE_HASHES: Record<number, string> = { 4: 'sha256', 5: 'sha384', 6: 'sha512' };

// RFC 5246 §4.7: hash (1), signature algorithm (1), length (2), signature.
function readSignature(message: Buffer, at: number, signed: Buffer): Proof | undefined {
  const hash = SIGNATURE_HASHES[message.readUInt8(at)];
  if (hash === undefined) return undefined;
  const signature = message.subarray(at + 4, at + 4 + message.readUInt16BE(at + 2));
  return { hash, signed, signature };
}
