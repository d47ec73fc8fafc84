import { createHash, timingSafeEqual } from 'node:crypto';
import jwt from '@fastify/jwt';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Config } from '../config/config.ts';
import { RequestError } from './errors.ts';
import { FailedLogins } from './failed-logins.ts';

/** What a route asks of its caller; `open` asks nothing. */
export type Access = 'open' | 'read' | 'publish' | 'execute';

/** Bits of the claim `mode`, as Live777 defines them. */
const MODE_BITS = { read: 4, publish: 2, execute: 1 };

/** Who a request comes from, as far as its token tells. */
export interface Caller {
  /** The only stream the caller may touch, or `*` for all. */
  stream: string;
  /** Sum of the bits 4 (read), 2 (publish) and 1 (start and stop recordings). */
  mode: number;
}

/** Reads tokens; see `[auth]` in live777.toml. */
export interface Authorizer {
  /** @returns undefined when the request has no valid token, though one is needed */
  callerOf(request: FastifyRequest): Caller | undefined;
}

const ANYBODY: Caller = { stream: '*', mode: 7 };

/**
 * Asks every request for what its route's `config.access` wants: a static token (RFC 6750 §2.1) or
 * a JSON Web Token (RFC 7519), HS256 with the claims `id` (a stream or `*`), `exp` and `mode`.
 * Replies 401 without a body to a caller without a valid token, the later the more often it fails, and
 * 403 to one who may not do this.
 * Asks nothing when the configuration has neither tokens nor a secret.
 */
export async function registerAuth(app: FastifyInstance, config: Config['auth']): Promise<void> {
  if (config.secret !== undefined) {
    await app.register(jwt, {
      secret: config.secret,
      verify: { algorithms: ['HS256'], requiredClaims: ['id', 'exp', 'mode'] },
    });
  }
  const authorizer = createAuthorizer(app, config);
  app.decorate('authorizer', authorizer);
  const failures = new FailedLogins({ log: app.log });
  // Before the server closes it lets replies finish.
  app.addHook('preClose', async () => failures.close());

  app.addHook('onRequest', async (request, reply) => {
    const access = accessOf(request);
    if (access === 'open') return;
    const caller = authorizer.callerOf(request);
    if (caller === undefined) {
      // Who gives no token does not guess: a console that was just opened.
      if (tokenOf(request) !== undefined) await failures.failed(request.ip);
      return reply.code(401).header('WWW-Authenticate', 'Bearer').send();
    }
    if ((caller.mode & MODE_BITS[access]) === 0) {
      throw new RequestError(403, `this token does not allow to ${access}`);
    }
    const { concerns = namesStream } = request.routeOptions.config;
    if (caller.stream !== '*' && !concerns(request, caller.stream)) {
      throw new RequestError(403, 'this token is for another stream');
    }
  });
}

/** What the route of a request asks for. */
export function accessOf(request: FastifyRequest): Access {
  const { config, url = '' } = request.routeOptions;
  return config.access ?? (url.startsWith('/api/') ? 'read' : 'open');
}

function namesStream(request: FastifyRequest, stream: string): boolean {
  const { stream: inPath } = request.params as { stream?: string };
  if (inPath !== undefined) return inPath === stream;
  // A query that the route does not read would only make it look as if it were about one stream.
  const query = request.routeOptions.schema?.querystring as { properties?: object } | undefined;
  const readsStream = query?.properties !== undefined && 'stream' in query.properties;
  return readsStream && (request.query as { stream?: string }).stream === stream;
}

function createAuthorizer(app: FastifyInstance, config: Config['auth']): Authorizer {
  if (config.tokens.length === 0 && config.secret === undefined) return { callerOf: () => ANYBODY };
  // Digests have one length, so that comparing tells nothing of a token's, not even its length.
  const digests = config.tokens.map(digest);
  return {
    callerOf(request) {
      const token = tokenOf(request);
      if (token === undefined) return undefined;
      const given = digest(token);
      let known = false;
      for (const each of digests) known = timingSafeEqual(each, given) || known;
      if (known) return ANYBODY;
      return config.secret === undefined ? undefined : callerOfJwt(app, token);
    },
  };
}

function tokenOf({ headers }: FastifyRequest): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
}

function callerOfJwt(app: FastifyInstance, token: string): Caller | undefined {
  let claims: { id?: unknown; mode?: unknown };
  try {
    claims = app.jwt.verify(token);
  } catch {
    return undefined;
  }
  const { id, mode } = claims;
  return typeof id === 'string' && typeof mode === 'number' && Number.isInteger(mode)
    ? { stream: id, mode }
    : undefined;
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
