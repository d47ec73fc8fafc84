import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../clock/clock.ts';
import { collectGarbage, SETTLED_MS } from '../collect-garbage.ts';
import { FolderOwners } from '../day-folder/folder-owners.ts';
import { loggedError } from '../logged-error.ts';
import { failureOf } from './call-failure.ts';
import { answerCall } from './calls.ts';
import { MediaHost } from './media-host.ts';
import type { LogLevel, MainMessage, WorkerMessage } from './messages.ts';
import { WorkerRemoteFolders } from './remote-folders.ts';
import { RtcSessions } from './rtc-sessions.ts';
import type { WorkerSettings } from './worker-settings.ts';

// Entry point of a worker thread: a MediaHost whose calls arrive as messages. Media never leaves
// this thread.

// Nobody reads the times of requests, which are kept otherwise.
performance.setResourceTimingBufferSize(0);

const port = parentPort!;
const say = (message: WorkerMessage): void => port.postMessage(message);

function logTo(level: LogLevel) {
  return (fields: object, message: string): void => {
    const plain: Record<string, unknown> = { ...fields };
    if (plain.err instanceof Error) plain.err = loggedError(plain.err);
    say({ type: 'log', level, fields: plain, message });
  };
}

const log = {
  debug: logTo('debug'),
  info: logTo('info'),
  warn: logTo('warn'),
  error: logTo('error'),
};
const settings: WorkerSettings = workerData;
const remote = settings.isRemote ? new WorkerRemoteFolders(say) : undefined;
const sessions = new RtcSessions(
  settings,
  (sessionId, farewell) => say({ type: 'farewell', sessionId, ...(farewell && { farewell }) }),
  log,
);
const host = new MediaHost({
  settings,
  sessions,
  clock: systemClock,
  log,
  udpPort: () => sessions.portFigures(),
  onFact: (fact) => say({ type: 'fact', fact }),
  ...(remote && { remote }),
  ...(settings.lock !== undefined && { owners: new FolderOwners(settings.root, settings.lock) }),
});

port.on('message', async (message: MainMessage) => {
  if (message.type === 'stored') return remote?.answer(message);
  if (message.type === 'accepts') return host.setAccepts(message.accepts);
  if (message.type === 'number') return sessions.openPort(message.number);
  if (message.type === 'auto-streams') return host.setAutoStreams(message.patterns);
  const replied = answerCall(host, message);
  const reply = await replied.catch((error: Error) => failureOf(message.id, error));
  // The thread lives as long as its port is open.
  if (message.name === 'close') await sessions.close();
  say(reply);
  if (message.name === 'close') port.close();
});

say({ type: 'ready' });
setTimeout(() => {
  // Streams should not wait for it, and leave enough garbage for V8 to collect by itself.
  if (!host.hasStreams) collectGarbage();
}, SETTLED_MS).unref();
