import type { FastifyInstance } from 'fastify';
import type { Config } from './config/config.ts';
import { Service } from './service.ts';

/**
 * The recorder as a Fastify plugin: `await app.register(recorder, await loadConfig('live777.toml'))`.
 * With `prefix`, all its addresses are below that path. It has an application of its own behind the
 * routes of the host, so that neither changes the other's parsers, errors or validation. The host's
 * hooks run first, and may refuse a request. `[http] listen` and `[log] level` have no effect: the host
 * listens and logs. Recordings are closed when the host closes.
 * @throws Error that says why the recorder cannot start
 */
export async function recorder(host: FastifyInstance, config: Config): Promise<void> {
  let inner: FastifyInstance | undefined;
  const service = await Service.start(config, host.log, {
    serve: async (app) => {
      inner = app;
    },
  });
  host.addHook('preClose', () => service.stop());
  // Bodies are left in the request, for the application behind.
  host.removeAllContentTypeParsers();
  host.addContentTypeParser('*', (_request, _payload, done) => done(null));
  const { prefix } = host;
  // Addresses in the console are relative to its folder.
  if (prefix !== '') {
    host.get('', (_, reply) => reply.redirect(`${prefix.slice(prefix.lastIndexOf('/') + 1)}/`));
  }
  host.all('/*', (request, reply) => {
    reply.hijack();
    request.raw.url = (request.raw.url ?? '/').slice(prefix.length);
    inner!.routing(request.raw, reply.raw);
  });
}
