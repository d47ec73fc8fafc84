import type { PeerConfig } from 'werift';

/** Keeps a peer connection of werift's on loopback, with no server asked for addresses. */
export const LOOPBACK_ICE = {
  iceServers: [],
  iceUseIpv6: false,
  iceInterfaceAddresses: { udp4: '127.0.0.1' },
  iceAdditionalHostAddresses: ['127.0.0.1'],
} satisfies Partial<PeerConfig>;

/** Leaves out the candidates that are not on loopback. */
export function onlyLoopback(sdp: string): string {
  const lines = sdp.split('\r\n');
  return lines
    .filter((line) => !line.startsWith('a=candidate') || / 127\.0\.0\.1 /.test(line))
    .join('\r\n');
}
