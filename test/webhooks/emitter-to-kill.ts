import path from 'node:path';
import { EventLog } from '../../src/events/event-log.ts';
import { Webhooks } from '../../src/webhooks/webhooks.ts';

// Emits events until it is killed, and prints the id of each once it has been written.
const [folder = '', url = '', secret = ''] = process.argv.slice(2);
const log = { info: () => {}, warn: () => {}, error: () => {} };
const events = await EventLog.open({ path: path.join(folder, 'events.jsonl'), node: 'n1', log });
const webhooks = await Webhooks.open({
  ...{ webhooks: [{ url, events: ['*'], secret }], folder: path.join(folder, 'webhooks') },
  ...{ node: 'n1', log },
});
events.listen(webhooks.take);
for (let n = 0; ; n++) {
  const data = { start_ts: 1, end_ts: 2, segments: 1, bytes: 3, reason: 'max_age' } as const;
  events.emit('media.deleted', data, `cam${n % 3}`);
  await Promise.all([events.written(), webhooks.written()]);
  process.stdout.write(`evt_${events.lastStamp}\n`);
}
