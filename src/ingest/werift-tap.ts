import { createHash, verify, X509Certificate } from 'node:crypto';
import {
  CipherContext,
  classes,
  DtlsServer,
  HashAlgorithm,
  keyLength,
  Message,
  methods,
  NamedCurveAlgorithm,
  ProtectionProfileAeadAes128Gcm,
  ProtectionProfileAes128CmHmacSha1_80,
  parseMessage,
  SignatureAlgorithm,
  SrtcpSession,
  saltLength,
} from 'werift';
import type { SrtpKeys } from '../rtp/srtp-keys.ts';
import type { Fingerprint } from './description.ts';

// With werift-ice.ts the only file that knows werift: of it we use here the STUN messages, both sides
// of DTLS and the encryption of SRTCP. What is not its documented surface is listed in
// REQUIRED_INTERNALS.

/** SRTP protection profiles in order of preference (RFC 5764 §4.1.2, RFC 7714 §14.2). */
const SRTP_PROFILES = [
  ProtectionProfileAeadAes128Gcm,
  ProtectionProfileAes128CmHmacSha1_80,
] as const;

const PROFILE_NAMES = {
  [ProtectionProfileAeadAes128Gcm]: 'AEAD_AES_128_GCM',
  [ProtectionProfileAes128CmHmacSha1_80]: 'AES_CM_128_HMAC_SHA1_80',
} as const;

/** A STUN binding request whose integrity was checked (RFC 8445 §7.3). */
export interface BindingRequest {
  /** Our user fragment, that the request was made with. */
  ufrag: string;
  /** USE-CANDIDATE is there. */
  nominates: boolean;
  /** The peer takes itself for the controlled agent. */
  controlled: boolean;
  transactionId: Buffer;
}

/**
 * Reads an ICE connectivity check.
 * @param passwordOf our password that belongs to one of our user fragments
 * @returns `undefined` for anything but a binding request with valid MESSAGE-INTEGRITY
 */
export function readBindingRequest(
  datagram: Buffer,
  passwordOf: (ufrag: string) => string | undefined,
): BindingRequest | undefined {
  const unchecked = parseMessage(datagram);
  if (
    unchecked?.messageMethod !== methods.BINDING ||
    unchecked.messageClass !== classes.REQUEST ||
    !unchecked.attributesKeys.includes('USERNAME')
  ) {
    return undefined;
  }
  const username = String(unchecked.getAttributeValue('USERNAME'));
  const ufrag = username.slice(0, username.indexOf(':'));
  const password = passwordOf(ufrag);
  if (password === undefined) return undefined;
  const message = parseMessage(datagram, Buffer.from(password));
  if (message === undefined) return undefined;
  return {
    ufrag,
    nominates: message.attributesKeys.includes('USE-CANDIDATE'),
    controlled: message.attributesKeys.includes('ICE-CONTROLLED'),
    transactionId: message.transactionId,
  };
}

/** Writes the answer to a check: the address it was seen to come from (RFC 8489 §6.3.1.1). */
export function bindingSuccessResponse(
  request: BindingRequest,
  address: string,
  port: number,
  password: string,
): Buffer {
  return new Message(methods.BINDING, classes.RESPONSE, request.transactionId)
    .setAttribute('XOR-MAPPED-ADDRESS', [address, port])
    .addMessageIntegrity(Buffer.from(password))
    .addFingerprint().bytes;
}

/** Writes the refusal of a check (RFC 8489 §6.3.1.2). */
export function bindingErrorResponse(
  request: BindingRequest,
  code: number,
  reason: string,
  password: string,
): Buffer {
  return new Message(methods.BINDING, classes.ERROR, request.transactionId)
    .setAttribute('ERROR-CODE', [code, reason])
    .addMessageIntegrity(Buffer.from(password))
    .addFingerprint().bytes;
}

/** A certificate for DTLS with its key. */
export interface DtlsIdentity {
  certificatePem: string;
  privateKeyPem: string;
  /** SHA-256 of the certificate as `a=fingerprint` has it: `AB:CD:…` (RFC 8122 §5). */
  fingerprint: string;
}

/** Makes a self-signed ECDSA P-256 certificate (RFC 8827 §6.5). */
export async function createDtlsIdentity(): Promise<DtlsIdentity> {
  const { certPem, keyPem } = await CipherContext.createSelfSignedCertificateWithKey(
    SIGNATURE,
    NamedCurveAlgorithm.secp256r1_23,
  );
  return {
    certificatePem: certPem,
    privateKeyPem: keyPem,
    fingerprint: new X509Certificate(certPem).fingerprint256,
  };
}

const SIGNATURE = { hash: HashAlgorithm.sha256_4, signature: SignatureAlgorithm.ecdsa_3 } as const;

/** Who begins a DTLS handshake: the client (`a=setup:active`, RFC 4145 §4). */
export type DtlsRole = 'client' | 'server';

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
export class DtlsSrtp {
  readonly role: DtlsRole;
  readonly #socket: DtlsServer | DtlsClient;
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
  #srtcp: SrtcpSession | undefined;
  #settled = false;

  /**
   * @param fingerprints of the peer's certificate, one of which must match
   * @throws Error naming what is missing when werift is not the version this was written for
   */
  constructor(
    role: DtlsRole,
    identity: DtlsIdentity,
    fingerprints: readonly Fingerprint[],
    events: DtlsEvents,
  ) {
    this.role = role;
    this.#fingerprints = fingerprints;
    this.#events = events;
    this.#transport = {
      type: 'ice',
      address: {} as never,
      closed: false,
      onData: () => {},
      send: async (datagram) => {
        if (!this.#transport.closed) events.send(datagram);
      },
      close: async () => {},
    };
    this.#socket = new (role === 'server' ? DtlsServer : DtlsClient)({
      cert: identity.certificatePem,
      key: identity.privateKeyPem,
      signatureHash: SIGNATURE,
      transport: this.#transport,
      srtpProfiles: [...SRTP_PROFILES],
      extendedMasterSecret: true,
      certificateRequest: true,
    });
    requireInternals(this.#socket);
    this.#socket.onConnect.subscribe(() => this.#connected());
    this.#socket.onError.subscribe((error: unknown) => this.#failed(error));
    this.#socket.onClose.subscribe(() => events.onAlert());
  }

  /** Begins the handshake if that is our part, once the peer can be reached. */
  start(): void {
    if (!(this.#socket instanceof DtlsClient) || this.#settled) return;
    this.#socket.connect().catch((error: unknown) => this.#failed(error));
  }

  /**
   * Takes a DTLS datagram. Never throws.
   * @param mediaFlows true once a packet of the peer was authenticated. Its handshake is over then,
   * and what claims to be unprotected (epoch 0) is forged or stale: werift would believe it.
   */
  receive(datagram: Buffer, mediaFlows: boolean): void {
    if (this.#transport.closed || (mediaFlows && hasUnprotectedRecord(datagram))) return;
    try {
      this.#transport.onData(datagram, ['', 0]);
    } catch {
      // A record that is cut short throws; DTLS drops what it cannot read (RFC 6347 §4.1.2.7).
    }
  }

  /** Encrypts an RTCP compound packet (RFC 3711 §3.4, RFC 7714 §9); `undefined` before connected. */
  protectRtcp(packet: Buffer): Buffer | undefined {
    return this.#srtcp?.encrypt(packet);
  }

  /** Ends retransmissions; nothing is sent or reported after. */
  close(): void {
    this.#settled = true;
    this.#transport.closed = true;
    // The retransmission loop of a flight ends when it sees a later one.
    this.#socket.dtls.flight = Number.MAX_SAFE_INTEGER;
    for (const event of [this.#socket.onConnect, this.#socket.onError, this.#socket.onClose]) {
      event.allUnsubscribe();
    }
  }

  #connected(): void {
    if (this.#settled) return;
    let keys: SrtpKeys;
    try {
      this.#checkPeer();
      keys = this.#deriveKeys();
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#settled = true;
    this.#events.onConnected(keys);
  }

  #failed(error: unknown): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#events.onFailed(error instanceof Error ? error : new Error(String(error)));
  }

  // werift reads signatures without checking them, and anyone can present a certificate; only the
  // signature shows that the peer has its key (RFC 5246 §7.4.8, RFC 8422 §5.4).
  #checkPeer(): void {
    const peer = this.role === 'server' ? 'publisher' : 'server';
    const certificate = this.#socket.remoteCertificate;
    if (certificate === undefined) throw new Error(`the ${peer} sent no DTLS certificate`);
    const known = this.#fingerprints.some(({ algorithm, digest }) =>
      createHash(algorithm).update(certificate).digest().equals(digest),
    );
    if (!known) {
      throw new Error('the DTLS certificate of the other side does not match its a=fingerprint');
    }
    const proof = this.role === 'server' ? this.#clientProof() : this.#serverProof();
    if (proof === undefined) {
      throw new Error(`the ${peer} did not sign the DTLS handshake with a hash we know`);
    }
    const key = new X509Certificate(certificate).publicKey;
    if (!verify(proof.hash, proof.signed, key, proof.signature)) {
      throw new Error(`the ${peer} does not have the key of its DTLS certificate`);
    }
  }

  #deriveKeys(): SrtpKeys {
    const profile = this.#socket.srtp.srtpProfile;
    if (profile === undefined) {
      throw new Error(
        'the publisher offers no SRTP profile that we have: AEAD_AES_128_GCM, AES_CM_128_HMAC_SHA1_80',
      );
    }
    const { localKey, localSalt, remoteKey, remoteSalt } = this.#socket.extractSessionKeys(
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

/** HandshakeType of RFC 5246 §7.4. */
const CERTIFICATE_VERIFY = 15;

/** HashAlgorithm of RFC 5246 §7.4.1.4.1 by number, without those that are broken. */
const SIGNATURE_HASHES: Record<number, string> = { 4: 'sha256', 5: 'sha384', 6: 'sha512' };

// RFC 6347 §4.1: type (1), version (2), epoch (2), sequence number (6), length (2).
function hasUnprotectedRecord(datagram: Buffer): boolean {
  for (let at = 0; at + 13 <= datagram.length; at += 13 + datagram.readUInt16BE(at + 11)) {
    if (datagram.readUInt16BE(at + 3) === 0) return true;
  }
  return false;
}

/** What we use of a werift DTLS server beyond its documented surface, and what it must be. */
const REQUIRED_INTERNALS: readonly [path: string, type: string][] = [
  ['onConnect.subscribe', 'function'],
  ['onError.subscribe', 'function'],
  ['onClose.subscribe', 'function'],
  ['onClose.allUnsubscribe', 'function'],
  ['transport.socket.onData', 'function'],
  ['extractSessionKeys', 'function'],
  ['srtp', 'object'],
  ['dtls.flight', 'number'],
  ['dtls.sortedHandshakeCache', 'object'],
];

/**
 * Checks that a werift DTLS server is built as this file expects.
 * @throws Error naming the internal that moved
 */
export function requireInternals(server: object): void {
  for (const [path, type] of REQUIRED_INTERNALS) {
    let value: unknown = server;
    for (const name of path.split('.')) {
      value = (value as Record<string, unknown> | null | undefined)?.[name];
    }
    if (value === null || typeof value !== type) {
      throw new Error(
        `werift has changed: DtlsServer.${path} is no ${type}; src/ingest/werift-tap.ts must follow`,
      );
    }
  }
}
