import { parentPort, workerData } from 'node:worker_threads';
import { FolderOwners } from '../day-folder/folder-owners.ts';
import { Refusal } from '../refusal.ts';
import type {
  CallMessage,
  LogMessage,
  MainMessage,
  ReplyMessage,
  WorkerMessage,
} from '../workers/messages.ts';
import type { WorkerSettings } from '../workers/settings.ts';
import { MediaHost } from './media-host.ts';
import { WorkerRemoteFolders } from './remote-folders.ts';

// The entry of a worker thread: a MediaHost whose calls come as messages. Media never leaves here.

const port = parentPort!;
const say = (message: WorkerMessage): void => port.postMessage(message);

function logTo(level: LogMessage['level']) {
  return (fields: object, message: string): void => {
    const plain: Record<string, unknown> = { ...fields };
    if (plain.err instanceof Error) {
      const { name, message: text, stack } = plain.err;
      plain.err = { type: name, message: text, stack };
    }
    say({ type: 'log', level, fields: plain, message });
  };
}

const log = {
  debug: logTo('debug'),
  info: logTo('info'),
  warn: logTo('warn'),
  error: logTo('error'),
};
const settings = workerData as WorkerSettings;
const remote = settings.isRemote ? new WorkerRemoteFolders(say) : undefined;
const host = new MediaHost(settings, log, {
  ...(remote && { remote }),
  ...(settings.lock !== undefined && { owners: new FolderOwners(settings.root, settings.lock) }),
  onFact: (fact) => say({ type: 'fact', fact }),
  onFarewell: (sessionId, farewell) =>
    say({ type: 'farewell', sessionId, ...(farewell && { farewell }) }),
});

async function answer({ id, call, args }: CallMessage): Promise<ReplyMessage> {
  try {
    const method = host[call] as (...args: unknown[]) => Promise<unknown>;
    return { type: 'reply', id, result: await method.apply(host, args) };
  } catch (error) {
    const { message, stack } = error as Error;
    const reason = error instanceof Refusal ? { reason: error.reason } : {};
    return { type: 'reply', id, error: { message, ...reason, ...(stack && { stack }) } };
  }
}

port.on('message', async (message: MainMessage) => {
  if (message.type === 'stored') return remote?.answer(message);
  if (message.type === 'accepts') return host.setAccepts(message.accepts);
  say(await answer(message));
  if (message.call === 'close') port.close();
});

say({ type: 'ready' });
