// Subscribes to the stream whose WHEP address is the argument, and leaves with the first access unit.
import { WhepSession } from '../../src/ingest/whep-session.ts';
import { WHEP_LOOPBACK } from './whep-endpoint.ts';
import { RecordingSink, until } from './whip-server.ts';

const sink = new RecordingSink();
const session = await WhepSession.connect({ url: process.argv[2]! }, WHEP_LOOPBACK, sink);
await until(() => sink.units.audio.length > 0);
await session.close('client');
