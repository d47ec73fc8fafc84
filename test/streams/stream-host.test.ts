import t, { type Test } from 'tap';
import { parseConfig } from '../../src/config/load-config.ts';
import type { RecordingFact } from '../../src/facts/recording-fact.ts';
import type { CloseReason, PublishSink } from '../../src/ingest/publish-sink.ts';
import type { MediaSection } from '../../src/rtp/media-section.ts';
import { StreamHost } from '../../src/streams/stream-host.ts';
import type {
  PublishedSession,
  PulledSession,
  SessionOpener,
} from '../../src/streams/stream-session.ts';
import { section } from '../recording/simulated-publisher.ts';
import { ManualClock } from '../sources/manual-clock.ts';

const SECTIONS: MediaSection[] = [section('audio')];

/** A session without a network: it connects and ends when a test says so. */
class ManualSession implements PublishedSession, PulledSession {
  readonly id: string;
  readonly answer = 'answer';
  readonly etag = 'tag';
  readonly sections = SECTIONS;
  heardUs = 0;
  readonly sink: PublishSink;
  ended: CloseReason | undefined;

  constructor(id: string, sink: PublishSink) {
    this.id = id;
    this.sink = sink;
  }

  async close(reason: CloseReason): Promise<void> {
    if (this.ended !== undefined) return;
    this.ended = reason;
    this.sink.onClosed(reason);
  }

  statistics() {
    const ice = { checks: 0, rejectedChecks: 0, strangers: 0, restarts: 0, remote: '' };
    return { connected: false, ice };
  }

  requestKeyframe(): void {}
  isIceRestart = () => false;
  restartIce = () => Promise.reject(new Error('not here'));
  async trickle(): Promise<void> {}
  async drain(): Promise<void> {}
  mayBeUnrecordable = () => false;
  unrecordable = () => [];
}

class ManualSessions implements SessionOpener {
  readonly opened: ManualSession[] = [];

  async accept(_offer: string, sink: PublishSink): Promise<PublishedSession> {
    return this.#open(sink);
  }

  async subscribe(_target: unknown, sink: PublishSink): Promise<PulledSession> {
    return this.#open(sink);
  }

  /** The latest. */
  get last(): ManualSession {
    return this.opened.at(-1)!;
  }

  #open(sink: PublishSink): ManualSession {
    const session = new ManualSession(`session-${this.opened.length}`, sink);
    this.opened.push(session);
    return session;
  }
}

function startHost(t: Test, { automatic = true } = {}) {
  const clock = new ManualClock();
  const sessions = new ManualSessions();
  const facts: RecordingFact[] = [];
  const log: string[] = [];
  const line = (_fields: object, message: string) => log.push(message);
  const spool = { accepts: true };
  const config = parseConfig('', 'live777.toml');
  const recorder = { ...config.recorder, resumeGraceSeconds: 30 };
  const host = new StreamHost({
    stream: 'cam1',
    settings: { ...config, recorder, root: t.testdir({}), lock: undefined, isRemote: false },
    clock,
    sessions,
    automatic,
    accepts: () => spool.accepts,
    onFact: (fact) => facts.push(fact),
    log: { info: line, warn: line, error: line },
  });
  t.teardown(() => host.close());
  const publish = async () => {
    await host.publish('offer', 'all');
    sessions.last.sink.onConnected();
  };
  return { host, clock, sessions, spool, log, publish };
}

t.test(
  'a record stays open for a publisher that was lost, and no longer than its grace',
  async (t) => {
    const { host, clock, sessions, publish, log } = startHost(t);
    await publish();
    t.match(host.status(), { state: 'recording', sessionId: 'session-0' });
    const { recordId } = host.status();
    await sessions.last.close('idle');
    clock.advance(29_000);
    t.match(host.status(), { state: 'interrupted', recordId });
    await publish();
    clock.advance(3_600_000);
    t.equal(host.status().state, 'degraded', 'the timer of the first loss ends nothing');
    await sessions.last.close('idle');
    clock.advance(30_000);
    t.equal(host.status().state, 'idle');
    await host.close();
    t.equal(log.filter((message) => message === 'recording').length, 1, 'it was one recording');
  },
);

t.test('another publisher may come when the first is not heard any more', async (t) => {
  const { host, clock, sessions, publish } = startHost(t);
  await publish();
  sessions.last.heardUs = clock.nowUs();
  clock.advance(4000);
  await t.rejects(host.publish('offer', 'all'), { message: /has a publisher already/ });
  clock.advance(1);
  await host.publish('offer', 'stream');
  t.equal(sessions.opened[0]!.ended, 'replaced');
  await host.publish('offer', 'all');
  await t.rejects(
    host.publish('offer', 'stream'),
    { message: /has a publisher already/ },
    'who may do less takes no place of one that is on its way',
  );
  await host.unpublish(sessions.last.id);
  await t.rejects(host.unpublish('session-0'), { message: /no such session/ });
});

t.test('nothing begins while too much waits for upload', async (t) => {
  const { host, spool, publish, log, sessions } = startHost(t, { automatic: false });
  spool.accepts = false;
  t.match(host.start(undefined), { isWaiting: true });
  await publish();
  host.tick();
  t.match(host.status(), { state: 'failed', error: /too much data waits for upload/ });
  spool.accepts = true;
  host.tick();
  t.match(host.status(), { state: 'recording', error: undefined });
  spool.accepts = false;
  await sessions.last.close('idle');
  await publish();
  t.equal(host.status().state, 'recording', 'what is open goes on');
  await host.stop();
  t.equal(host.status().state, 'live');
  t.equal(log.filter((message) => message.startsWith('too much')).length, 1, 'logged once');
});

t.test('a stream that is pulled is subscribed to again, and forgotten when released', async (t) => {
  const { host, clock, sessions } = startHost(t, { automatic: false });
  const targets = [{ url: 'http://node/whep/cam1', node: 'http://node' }];
  host.pull({ stream: 'cam1', targets, publication: '1' });
  t.match(host.status(), { state: 'connecting', source: 'http://node' });
  await Promise.resolve().then(() => {});
  sessions.last.sink.onConnected();
  t.equal(host.status().state, 'recording');
  await sessions.last.close('server-gone');
  t.match(host.status(), { state: 'interrupted', error: 'the node ended the session or is gone' });
  clock.advance(500);
  t.equal(sessions.opened.length, 2);
  await host.release();
  t.equal(host.status().state, 'idle');
  t.notOk(host.isIdle(60_000));
  clock.advance(60_000);
  t.ok(host.isIdle(60_000));
});
