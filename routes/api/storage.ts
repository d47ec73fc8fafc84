import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import '../../src/http/decorators.ts';
import { StorageJson } from '../../src/http/storage-json.ts';
import { storageState } from '../../src/http/storage-state.ts';

/** The state of the storage. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/storage',
    {
      schema: {
        tags: ['record'],
        operationId: 'getStorage',
        summary: 'Get the state of the storage',
        description:
          'Where recordings are kept and, with a bucket, what is waiting for upload and why. Without a bucket all figures about uploads are 0.',
        response: { 200: StorageJson },
      },
    },
    () => storageState(app.store, app.config.recorder.storage.type, app.disk),
  );
};

export default plugin;
