import { HashAlgorithm, SignatureAlgorithm } from 'werift';
import { selfSignedCertificate } from './self-signed-certificate.ts';

/** Signature algorithm of certificates and handshakes. */
export const SIGNATURE = {
  hash: HashAlgorithm.sha256_4,
  signature: SignatureAlgorithm.ecdsa_3,
} as const;

/** A DTLS certificate with its key. */
export interface DtlsIdentity {
  certificatePem: string;
  privateKeyPem: string;
  /** SHA-256 of the certificate in the format of `a=fingerprint`: `AB:CD:…` (RFC 8122 §5). */
  fingerprint: string;
}

/** Creates a self-signed ECDSA P-256 certificate (RFC 8827 §6.5). */
export async function createDtlsIdentity(): Promise<DtlsIdentity> {
  const { certificate, privateKeyPem } = await selfSignedCertificate();
  return {
    certificatePem: certificate.toString(),
    privateKeyPem,
    fingerprint: certificate.fingerprint256,
  };
}

let ofThisThread: Promise<DtlsIdentity> | undefined;

/**
 * The certificate for all sessions of this thread: creating one costs more than the rest of a
 * session.
 */
export function dtlsIdentity(): Promise<DtlsIdentity> {
  ofThisThread ??= createDtlsIdentity();
  return ofThisThread;
}
