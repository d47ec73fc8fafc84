import { randomInt } from 'node:crypto';
import type { SessionDescription } from 'sdp-transform';

/**
 * The session level of every description that we write (RFC 9429 §5.2.1): no names, everything
 * bundled on the transport of the first section (RFC 9143), trickle ICE supported (RFC 8838).
 * @param mids identification tags of the bundled sections
 */
export function sessionLevel(mids: readonly string[]): Omit<SessionDescription, 'media'> {
  return {
    version: 0,
    origin: {
      username: '-',
      sessionId: randomInt(2 ** 47),
      sessionVersion: 1,
      netType: 'IN',
      ipVer: 4,
      address: '127.0.0.1',
    },
    name: '-',
    timing: { start: 0, stop: 0 },
    groups: [{ type: 'BUNDLE', mids: mids.join(' ') }],
    iceOptions: 'trickle ice2',
  };
}
