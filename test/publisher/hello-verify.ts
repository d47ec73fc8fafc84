import type { RTCDtlsTransport } from 'werift';

/** HandshakeType of RFC 6347 §4.3.2. */
const HELLO_VERIFY_REQUEST = 3;
/** What werift calls the second ClientHello, and all that follows it. */
const SECOND_HELLO = 3;

type Handshake = { msg_type: number };
const patched = new WeakSet<object>();

/**
 * Has werift's DTLS client ignore a second HelloVerifyRequest, as other clients do: it repeats its first
 * message after 500 ms, so that a service which is busy that long may answer both, and then it fails.
 * Call it often until the handshake begins, 100 ms after there is a path.
 */
export function ignoreRepeatedHelloVerify(transports: readonly RTCDtlsTransport[]): void {
  for (const { dtls } of transports) {
    if (dtls === undefined || patched.has(dtls)) continue;
    patched.add(dtls);
    const handle = dtls.onHandleHandshakes;
    dtls.onHandleHandshakes = (assembled) => {
      const isRepeated = ({ msg_type }: Handshake) =>
        msg_type === HELLO_VERIFY_REQUEST && dtls.dtls.flight >= SECOND_HELLO;
      return handle(assembled.filter((message) => !isRepeated(message)));
    };
  }
}
