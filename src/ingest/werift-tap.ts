import { createHash, verify, X509Certificate } from 'node:crypto';
import {
  DtlsClient,
  DtlsServer,
  keyLength,
  ProtectionProfileAeadAes128Gcm,
  ProtectionProfileAes128CmHmacSha1_80,
  SrtcpSession,
  saltLength,
} from 'werift';
import type { SrtpKeys } from '../rtp/srtp-keys.ts';
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

// Only the files werift-*.ts know werift. Of it we use here both sides of DTLS and the encryption of
// SRTCP. What is not its documented surface is listed in werift-dtls-internals.ts.

/** SRTP protection profiles in order of preference (RFC 5764 §4.1.2, RFC 7714 §14.2). */
const SRTP_PROFILES = [
  ProtectionProfileAeadAes128Gcm,
  ProtectionProfileAes128CmHmacSha1_80,
] as const;

const PROFILE_NAMES = {
  [ProtectionProfileAeadAes128Gcm]: 'AEAD_AES_128_GCM',
  [ProtectionProfileAes128CmHmacSha1_80]: 'AES_CM_128_HMAC_SHA1_80',
} as const;

/** Who begins a DTLS handshake: the client (`a=setup:active`, RFC 4145 §4). */
export type DtlsRole = 'client' | 'server';

/** What the other side of a session is called in messages, and what it sent its fingerprint in. */
export interface DtlsPeer {
  name: string;
  description: string;
}

/** The other side of a session that it began. */
export const PUBLISHER: DtlsPeer = { name: 'publisher', description: 'offer' };
/** The other side of a session that we began. */
export const WHEP_SERVER: DtlsPeer = { name: 'server', description: 'answer' };

/** A handshake message of werift, as far as we look at it. */
type HandshakeMessage = Pick<FragmentedHandshake, 'msg_type' | 'fragment' | 'serialize'>;
type FragmentedHandshake = DtlsServer['dtls']['sortedHandshakeCache'][number];

/** What shows that the peer has the key of its certificate. */
interface Proof {
  /** Hash function as node names it. */
  hash: string;
  signed: Buffer;
  signature: Buffer;
}

/** What becomes of a DTLS handshake. */
export interface DtlsEvents {
  /** Sends a datagram to the peer. */
  send(datagram: Buffer): void;
  /** The handshake is done and the peer is who its description says; once. */
  onConnected(keys: SrtpKeys): void;
  /** The handshake failed; once, never after `onConnected`. */
  onFailed(error: Error): void;
  /** An alert arrived. It may be forged: a hint, not a fact. */
  onAlert(): void;
}

/** One side of a session's DTLS (RFC 5763, RFC 5764), for the keys of SRTP and SRTCP. */
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
  #srtcp: SrtcpSession | undefined;
  #settled = false;

  /**
   * @param fingerprints of the peer's certificate, one of which must match
   * @throws Error naming what is missing when werift is not the version this was written for
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
      // A client that is told so waits for a request that FFmpeg never sends.
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

  /** Begins the handshake if that is our part; to be called once the peer can be reached. */
  abstract start(): void;

  /**
   * Takes a DTLS datagram. Never throws.
   * @param mediaFlows true once a packet of the peer was authenticated. Its handshake is over then,
   * and what claims to be unprotected (epoch 0) is forged or stale: werift would believe it.
   */
  receive(datagram: Buffer, mediaFlows: boolean): void {
    if (this.#transport.closed || (mediaFlows && hasUnprotectedRecord(datagram))) return;
    this.#order.receive(datagram);
  }

  /** Bytes of handshake messages that wait for what comes before them. */
  get waitingBytes(): number {
    return this.#order.waitingBytes;
  }

  /** Encrypts an RTCP compound packet (RFC 3711 §3.4, RFC 7714 §9); `undefined` before connected. */
  protectRtcp(packet: Buffer): Buffer | undefined {
    return this.#srtcp?.encrypt(packet);
  }

  /**
   * The record that tells the peer that the session is over (RFC 5246 §7.2.1); `undefined` as long as
   * we have no keys that the peer has too. The same bytes each time, and of a memory of their own.
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

  /** Ends retransmissions; nothing is sent or reported after. */
  close(): void {
    this.#settled = true;
    this.#transport.closed = true;
    // The retransmission loop of a flight ends when it sees a later one. A message that is still being
    // worked on must not begin another.
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
      // What cannot be read is dropped (RFC 6347 §4.1.2.7).
    }
  }

  #open({ contentType, version, epoch, sequenceNumber, fragment }: DtlsRecord): Buffer | undefined {
    const { cipher } = this.socket;
    // Before there are keys that is not there, whatever its type says.
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
    let keys: SrtpKeys;
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

  /** What the peer signed (see RFC 5246 §7.4); `undefined` when nothing that we can check. */
  protected abstract proof(transcript: readonly HandshakeMessage[]): Proof | undefined;

  /** Takes what werift throws, rejects with or reports: errors and strings. */
  protected failed(error: unknown): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#events.onFailed(error instanceof Error ? error : new Error(String(error)));
  }

  // werift reads signatures without checking them, and anyone can present a certificate; only the
  // signature shows that the peer has its key (RFC 5246 §7.4.8, RFC 8422 §5.4).
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
      throw new Error(`the ${name} did not sign the DTLS handshake with a hash we know`);
    }
    const key = new X509Certificate(certificate).publicKey;
    if (!verify(proof.hash, proof.signed, key, proof.signature)) {
      throw new Error(`the ${name} does not have the key of its DTLS certificate`);
    }
  }

  #deriveKeys(): SrtpKeys {
    const profile = this.socket.srtp.srtpProfile;
    if (profile === undefined) {
      throw new Error(
        `the ${this.#peer.name} has no SRTP profile that we have: AEAD_AES_128_GCM, AES_CM_128_HMAC_SHA1_80`,
      );
    }
    const { localKey, localSalt, remoteKey, remoteSalt } = this.socket.extractSessionKeys(
      keyLength(profile),
      saltLength(profile),
    );
    this.#srtcp = new SrtcpSession({
      profile,
      keys: {
        localMasterKey: localKey,
        localMasterSalt: localSalt,
        remoteMasterKey: remoteKey,
        remoteMasterSalt: remoteSalt,
      },
    });
    return { profile: PROFILE_NAMES[profile], masterKey: remoteKey, masterSalt: remoteSalt };
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

  // RFC 5246 §7.4.8: the client signs all messages up to then.
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

  // RFC 8422 §5.4: the server signs both random values and its public key, which come as
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

/** HashAlgorithm of RFC 5246 §7.4.1.4.1 by number, without those that are broken. */
const SIGNATURE_HASHES: Record<number, string> = { 4: 'sha256', 5: 'sha384', 6: 'sha512' };

// RFC 5246 §4.7: hash (1), signature algorithm (1), length (2), signature.
function readSignature(message: Buffer, at: number, signed: Buffer): Proof | undefined {
  const hash = SIGNATURE_HASHES[message.readUInt8(at)];
  if (hash === undefined) return undefined;
  const signature = message.subarray(at + 4, at + 4 + message.readUInt16BE(at + 2));
  return { hash, signed, signature };
}
