import { parentPort } from 'node:worker_threads';
import type { MainMessage, WorkerMessage } from '../../src/streams/messages.ts';

// A worker thread that replies to `status` alone, fails at `hold`, and dies when it is told to `stop`.

const port = parentPort!;
const say = (message: WorkerMessage): void => port.postMessage(message);

port.on('message', (message: MainMessage) => {
  if (message.type !== 'call') return;
  const { id, name } = message;
  if (name === 'status') {
    const reply = { stream: 'cam1', state: 'live' as const, tracks: [] };
    say({ type: 'reply', id, name, reply });
  }
  if (name === 'hold') {
    say({ type: 'failure', id, message: 'no such stream', reason: 'no-such-stream' });
  }
  if (name === 'stop') process.exit(1);
});

say({ type: 'ready' });
