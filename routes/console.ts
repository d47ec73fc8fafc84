import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { RequestError } from '../src/http/errors.ts';
import { registerPagePolicy } from '../src/http/security-headers.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';

/** Where Vite puts the console. */
const ROOT = join(PACKAGE_ROOT, 'web/dist');

/** Files named by their content, which never changes under that name. */
const FINAL = join(ROOT, 'assets');
const FOR_EVER = 'public, max-age=31536000, immutable';

/** The console's own files. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  if (!existsSync(join(ROOT, 'index.html'))) {
    app.get('/', { schema: { hide: true } }, () => {
      throw new RequestError(503, 'the console is not built: npm install && npm run console');
    });
    return;
  }
  registerPagePolicy(app);
  await app.register(fastifyStatic, {
    root: ROOT,
    decorateReply: false,
    // One route per file, so that another method on a file is told apart from a missing file.
    wildcard: false,
    dotfiles: 'ignore',
    // The entity tags are weak, which does not permit ranges (RFC 9110 §13.1.5).
    acceptRanges: false,
    setHeaders: (reply, path) => {
      if (path.startsWith(FINAL)) reply.header('Cache-Control', FOR_EVER);
    },
  });
};

export default plugin;
