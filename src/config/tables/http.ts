import { Type } from 'typebox';
import { CLOSED, flag, textOrEmpty } from './values.ts';

/** The table `[http]`. */
export const HttpTable = Type.Object(
  {
    listen: Type.String({
      description: 'an address and a port, "HOST:PORT"',
      default: '127.0.0.1:7778',
    }),
    /** Allow requests from pages of any other origin. */
    cors: flag(),
    /** Further host names under which browsers may reach the recorder if no tokens are set. */
    hosts: Type.Array(
      Type.String({
        pattern: '^(?!-)[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)*\\.?$',
        description: 'the name of a host, without a port',
        examples: ['recorder.example.org'],
      }),
      { description: 'a list of host names', examples: [['recorder.example.org']], default: [] },
    ),
    /** Addresses and networks of proxies whose `X-Forwarded-*` headers are trusted. */
    trust_proxy: Type.Array(
      Type.String({
        minLength: 1,
        description: 'the IP address of a proxy, or a network such as "10.0.0.0/8"',
        examples: ['127.0.0.1'],
      }),
      { description: 'a list of addresses of proxies', examples: [['127.0.0.1']], default: [] },
    ),
    /** Timeout for receiving a complete request including its body, seconds. */
    request_timeout_seconds: Type.Integer({
      minimum: 1,
      maximum: 3600,
      description: 'a whole number of seconds from 1 to 3600',
      default: 30,
    }),
  },
  { ...CLOSED, default: {} },
);

/** The table `[log]`. */
export const LogTable = Type.Object(
  {
    level: Type.Enum(['off', 'error', 'warn', 'info', 'debug', 'trace'], {
      description: 'one of "off", "error", "warn", "info", "debug", "trace"',
      default: 'info',
    }),
  },
  { ...CLOSED, default: {} },
);

/** The table `[auth]`. */
export const AuthTable = Type.Object(
  {
    secret: textOrEmpty('a long random text'),
    tokens: Type.Array(
      Type.String({
        minLength: 1,
        description: 'a token that is not empty',
        examples: ['a long random text'],
      }),
      { description: 'a list of tokens', examples: [['a long random text']], default: [] },
    ),
  },
  { ...CLOSED, default: {} },
);

/** The table `[playback]`. */
export const PlaybackTable = Type.Object(
  {
    /** Redirect players to signed URLs of the bucket instead of passing on its bytes. */
    signed_redirect: flag(),
    /** Lifetime of such a URL, seconds. */
    signed_ttl_seconds: Type.Integer({
      minimum: 1,
      maximum: 604_800,
      description: 'a whole number of seconds from 1 to 604800',
      default: 60,
    }),
  },
  { ...CLOSED, default: {} },
);
