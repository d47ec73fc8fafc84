import { DtlsClient } from 'werift';
import { requireMembers } from './werift-members.ts';

/** Undocumented members of a werift DTLS server that are used here, and their types. */
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
/** Additional members of a client. */
const REQUIRED_OF_CLIENTS: typeof REQUIRED_INTERNALS = [['connect', 'function']];

/**
 * Checks that a werift DTLS server or client has the members that `werift-tap.ts` uses.
 * @throws Error that names the missing member
 */
export function requireDtlsInternals(socket: object): void {
  const isClient = socket instanceof DtlsClient;
  requireMembers(
    socket,
    isClient ? 'DtlsClient' : 'DtlsServer',
    isClient ? [...REQUIRED_INTERNALS, ...REQUIRED_OF_CLIENTS] : REQUIRED_INTERNALS,
  );
}
