import { DtlsClient } from 'werift';
import { requireMembers } from './werift-members.ts';

/** What we use of a werift DTLS server beyond its documented surface, and what it must be. */
const REQUIRED_INTERNALS: readonly [path: string, type: string][] = [
  ['onConnect.subscribe', 'function'],
  ['onError.subscribe', 'function'],
  ['onClose.subscribe', 'function'],
  ['onClose.allUnsubscribe', 'function'],
  ['transport.socket.onData', 'function'],
  ['extractSessionKeys', 'function'],
  ['srtp', 'object'],
  ['cipher', 'object'],
  ['cipher.decryptPacket', 'function'],
  ['cipher.encryptPacket', 'function'],
  ['dtls.flight', 'number'],
  ['dtls.sortedHandshakeCache', 'object'],
  ['dtls.epoch', 'number'],
  ['dtls.version', 'object'],
];
/** The same of a client. */
const REQUIRED_OF_CLIENTS: typeof REQUIRED_INTERNALS = [['connect', 'function']];

/**
 * Checks that a werift DTLS server or client is built as `werift-tap.ts` expects.
 * @throws Error naming the internal that moved
 */
export function requireDtlsInternals(socket: object): void {
  const isClient = socket instanceof DtlsClient;
  requireMembers(
    socket,
    isClient ? 'DtlsClient' : 'DtlsServer',
    isClient ? [...REQUIRED_INTERNALS, ...REQUIRED_OF_CLIENTS] : REQUIRED_INTERNALS,
  );
}
