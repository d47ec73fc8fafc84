import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import jwt from '@fastify/jwt';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Config } from '../config/config.ts';
import { RequestError } from './errors.ts';
import { FailedLogins } from './failed-logins.ts';

/** The permission that a route requires; `open` requires none. */
export type Access = 'open' | 'read' | 'publish' | 'execute';

/** Bits of the claim `mode`, as Live777 defines them. */
const MODE_BITS = { read: 4, publish: 2, execute: 1 };

/** The caller of a request, according to its token. */
export interface Caller {
  /** The only stream the caller may touch, or `*` for all. */
  stream: string;
  /** Sum of the bits 4 (read), 2 (publish) and 1 (start and stop recordings). */
  mode: number;
}

/** Reads tokens; see `[auth]` in live777.toml. */
export interface Authorizer {
  /** @returns undefined if the request needs a valid token and has none */
  callerOf(request: FastifyRequest): Caller | undefined;
}

const ANYBODY: Caller = { stream: '*', mode: 7 };

/**
 * Checks every request for the permission in its route's `config.access`: with a static token (RFC
 * 6750 §2.1) or a JSON Web Token (RFC 7519), HS256 with the claims `id` (a stream or `*`), `exp`
 * and `mode`. Replies 401 without a body if the token is missing or invalid, with a delay after
 * repeated failures, and 403 if it does not grant the permission. Checks nothing if the
 * configuration has neither tokens nor a secret.
 */
export async function registerAuth(app: FastifyInstance, config: Config['auth']): Promise<void> {
  await app.register(jwt, {
    // It has to have one. Tokens are verified with the one that is configured when they arrive.
    secret: config.secret ?? randomBytes(32),
    verify: { algorithms: ['HS256'], requiredClaims: ['id', 'exp', 'mode'] },
  });
  const authorizer = createAuthorizer(app, config);
  app.decorate('authorizer', authorizer);
  const failures = new FailedLogins({ log: app.log });
  // Fastify waits for open replies before it closes, so the delayed ones are sent now.
  app.addHook('preClose', async () => failures.close());

  app.addHook('onRequest', async (request, reply) => {
    const access = accessOf(request);
    if (access === 'open') return;
    const caller = authorizer.callerOf(request);
    if (caller === undefined) {
      // A caller without a token is not guessing: it may be a console that was just opened.
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

/** Whether a caller may read everything. */
export function mayReadAll(caller: Caller | undefined): boolean {
  return caller?.stream === '*' && (caller.mode & MODE_BITS.read) !== 0;
}

/** The permission that the route of a request requires. */
export function accessOf(request: FastifyRequest): Access {
  const { config, url = '' } = request.routeOptions;
  return config.access ?? (url.startsWith('/api/') ? 'read' : 'open');
}

function namesStream(request: FastifyRequest, stream: string): boolean {
  const { stream: inPath } = request.params as { stream?: string };
  if (inPath !== undefined) return inPath === stream;
  // Only a query parameter that the route reads can restrict the request to one stream.
  const query = request.routeOptions.schema?.querystring as { properties?: object } | undefined;
  const readsStream = query?.properties !== undefined && 'stream' in query.properties;
  return readsStream && (request.query as { stream?: string }).stream === stream;
}

/** Whether the configuration, as it is now, has tokens or a secret. */
export function needsToken({ tokens, secret }: Config['auth']): boolean {
  return tokens.length > 0 || secret !== undefined;
}

function createAuthorizer(app: FastifyInstance, config: Config['auth']): Authorizer {
  // Digests have equal lengths, so the comparison reveals nothing about a token, not even its
  // length.
  let digests: Buffer[] = [];
  let tokens: readonly string[] | undefined;
  return {
    callerOf(request) {
      // Tokens and secret are replaced when the configuration is read again.
      if (config.tokens !== tokens) {
        tokens = config.tokens;
        digests = tokens.map(digest);
      }
      if (!needsToken(config)) return ANYBODY;
      const token = tokenOf(request);
      if (token === undefined) return undefined;
      const given = digest(token);
      let known = false;
      for (const each of digests) known = timingSafeEqual(each, given) || known;
      if (known) return ANYBODY;
      return config.secret === undefined ? undefined : callerOfJwt(app, token, config.secret);
    },
  };
}

function tokenOf({ headers }: FastifyRequest): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
}

function callerOfJwt(app: FastifyInstance, token: string, secret: string): Caller | undefined {
  let claims: { id?: unknown; mode?: unknown };
  try {
    claims = app.jwt.verify(token, { key: secret });
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
