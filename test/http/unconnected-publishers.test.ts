import t from 'tap';
import { UnconnectedPublishers } from '../../src/http/unconnected-publishers.ts';
import { RecorderStandIn } from './recorder-stand-in.ts';

/** Publishers of one address whose sessions nobody connects to. */
async function squat(hasTokens: boolean) {
  const recorder = new RecorderStandIn();
  const publishers = new UnconnectedPublishers(recorder, () => hasTokens);
  for (let n = 0; n < 20; n++) {
    const [stream, sessionId] = [`cam${n}`, `s ${n}`];
    await publishers.admit('192.0.2.1', 'stream');
    publishers.note('192.0.2.1', stream, sessionId);
    recorder.statuses.set(stream, { stream, state: 'idle', sessionId, tracks: [] });
  }
  recorder.calls.length = 0;
  return { recorder, publishers };
}

t.test('an address with too many on their way is refused, others are not', async (t) => {
  const { recorder, publishers } = await squat(true);
  await t.rejects(publishers.admit('192.0.2.1', 'stream'), {
    statusCode: 429,
    message: /^20 sessions of your address already wait/,
  } as unknown as Error);
  await publishers.admit('192.0.2.2', 'stream');
  await publishers.admit('192.0.2.1', 'all');
  recorder.statuses.get('cam7')!.publishedAtMs = 1;
  await publishers.admit('192.0.2.1', 'stream');
  t.pass('one has connected');
});

t.test('where nobody has a token the oldest makes room', async (t) => {
  const { recorder, publishers } = await squat(false);
  await publishers.admit('192.0.2.1', 'all');
  const ended = recorder.calls.filter(([method]) => method === 'unpublish');
  t.same(ended, [['unpublish', 'cam0', 's 0']]);
});
