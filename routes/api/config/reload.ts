import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import '../../../src/http/decorators.ts';
import { errorReply } from '../../../src/http/errors.ts';

const keys = (description: string) => Type.Array(Type.String(), { description });

const ReloadedJson = Type.Object(
  {
    applied: keys('Keys of live777.toml that had changed, and are in effect now.'),
    need_restart: keys('Keys that have changed and take effect with the next start.'),
  },
  {
    title: 'Reloaded',
    description: 'The file was read, and is valid.',
    examples: [{ applied: ['recorder.auto_streams'], need_restart: ['http.listen'] }],
  },
);

/** The configuration, while the recorder runs. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  app.post(
    '/reload',
    {
      config: { access: 'execute' },
      schema: {
        tags: ['record'],
        operationId: 'reloadConfig',
        summary: 'Read the configuration again',
        description:
          'As SIGHUP does. In effect at once are `[recorder] auto_streams`, `disk_warnings`, `[recorder.retention]`, `[[recorder.sources]]`, `[[recorder.webhooks]]`, `[auth]` and `[log] level`; all other keys need a restart, and `need_restart` names those that have changed. What the command line or the environment says still goes first. Streams that are no longer selected are not recorded any more: their recordings are closed; those that are newly selected are recorded from now on. A file with mistakes changes nothing.',
        response: {
          200: ReloadedJson,
          409: errorReply(
            'The recorder is part of another program.',
            'the recorder was started without a file that it could read again',
          ),
          422: errorReply(
            'The file is invalid; the message has a line for each problem, with file and line number.',
            'live777.toml:2: recorder.auto_stream: unknown key, did you mean "auto_streams"?',
          ),
        },
      },
    },
    async () => {
      const { applied, needRestart } = await app.reloadConfig();
      return { applied, need_restart: needRestart };
    },
  );
};

export default plugin;
