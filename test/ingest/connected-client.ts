import type { Test } from 'tap';
import { WhipSession, type WhipSessionOptions } from '../../src/ingest/whip-session.ts';
import { RtcClient } from './rtc-client.ts';
import { LOOPBACK, RecordingSink, until } from './whip-server.ts';

/** A publisher in this process, its session, and what that receives: sound has arrived. */
export async function connectClient(
  t: Test,
  options: Partial<WhipSessionOptions> = {},
): Promise<{ client: RtcClient; session: WhipSession; sink: RecordingSink }> {
  const client = new RtcClient();
  t.teardown(() => client.close());
  const sink = new RecordingSink();
  const session = await WhipSession.accept(await client.offer(), { ...LOOPBACK, ...options }, sink);
  t.teardown(() => session.close('shutdown'));
  await client.answer(session.answer);
  await client.connected();
  client.start();
  await until(() => sink.units.audio.length > 0);
  return { client, session, sink };
}
