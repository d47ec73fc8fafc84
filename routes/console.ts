import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { CONSOLE_POLICY } from '../src/http/security-headers.ts';

const shaka = createRequire(import.meta.url).resolve('shaka-player');

/** The console: its own files, and the player it loads. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  await app.register(fastifyStatic, {
    root: join(import.meta.dirname, '../web'),
    decorateReply: false,
    // A route a file, so that other methods are told apart from files that are not there.
    wildcard: false,
    dotfiles: 'ignore',
    // Their tags are weak, which cannot tell of what a part is (RFC 9110 §13.1.5).
    acceptRanges: false,
    setHeaders: (reply) => {
      reply.header('Content-Security-Policy', CONSOLE_POLICY);
    },
  });
  app.get('/vendor/shaka-player.js', { schema: { hide: true } }, (_request, reply) =>
    reply.sendFile(basename(shaka), dirname(shaka), { acceptRanges: false }),
  );
};

export default plugin;
