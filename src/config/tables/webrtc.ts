import { Type } from 'typebox';
import { CLOSED, textOrEmpty } from './values.ts';

/** A table `[[ice_servers]]`. */
export const IceServerTable = Type.Object(
  {
    urls: Type.Array(
      Type.String({
        pattern: '^(?:stuns?|turns?):[^\\s<>"]+$',
        description: 'a stun:, stuns:, turn: or turns: address',
        examples: ['stun:stun.example.org:3478'],
      }),
      {
        description: 'a list of stun: or turn: addresses',
        examples: [['stun:stun.example.org:3478']],
        default: [],
      },
    ),
    username: textOrEmpty('live777'),
    credential: textOrEmpty('live777'),
  },
  CLOSED,
);

const udpPort = Type.Integer({
  minimum: 1,
  maximum: 65535,
  description: 'a port from 1 to 65535',
  examples: [50000],
});

/** The table `[webrtc]`. */
export const WebrtcTable = Type.Object(
  {
    /** Addresses for ICE: `auto`, or an IP address with or without a port (0: any). */
    ice_udp_addrs: Type.Array(
      Type.String({
        description: '"auto" or an IP address with or without a port',
        examples: ['192.0.2.10:0'],
      }),
      {
        minItems: 1,
        description: 'a list of "auto" or IP addresses with or without a port',
        default: ['auto'],
      },
    ),
    ice_udp_port: Type.Optional({ ...udpPort, examples: [7778] }),
    ice_port_range: Type.Optional(
      Type.Array(udpPort, {
        minItems: 2,
        maxItems: 2,
        description: 'the first and the last port, [min, max]',
        examples: [[50000, 50999]],
      }),
    ),
  },
  { ...CLOSED, default: {} },
);
