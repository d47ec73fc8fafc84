import t from 'tap';
import {
  NEW_LIFE,
  nextLife,
  type StreamEvent,
  type StreamRules,
  streamState,
} from '../../src/streams/stream-life.ts';

const RULES: StreamRules = { isAutomatic: false, accepts: true };
const AUTOMATIC: StreamRules = { isAutomatic: true, accepts: true };
const FULL: StreamRules = { isAutomatic: true, accepts: false };

/** The life after some events, each by the rules before or by its own. */
function after(rules: StreamRules, ...events: (StreamEvent | [StreamEvent, StreamRules])[]) {
  return events.reduce(
    (life, event) =>
      typeof event === 'string' ? nextLife(life, event, rules) : nextLife(life, ...event),
    NEW_LIFE,
  );
}

/** What operators are told after some events. */
const stateAfter = (...events: Parameters<typeof after>) =>
  streamState(after(...events), false, true);

t.test('a stream is recorded when somebody wants it', async (t) => {
  t.equal(stateAfter(RULES), 'idle');
  t.equal(stateAfter(RULES, 'offered', 'connected'), 'live', 'nobody does');
  t.equal(stateAfter(AUTOMATIC, 'offered', 'connected'), 'recording', 'a pattern does');
  t.equal(stateAfter(RULES, 'pulled'), 'connecting');
  t.equal(
    stateAfter(RULES, 'pulled', 'connected'),
    'recording',
    'what is pulled is to be recorded',
  );
  t.equal(stateAfter(RULES, 'asked'), 'waiting');
  t.equal(
    stateAfter(RULES, 'asked', 'offered', 'connected'),
    'recording',
    'it was asked for before',
  );
  t.equal(stateAfter(RULES, 'connected', 'asked'), 'recording', 'it is asked for now');
});

t.test(
  'a recording waits for a publisher that was lost, and ends with one that left',
  async (t) => {
    t.equal(stateAfter(AUTOMATIC, 'connected', 'lost'), 'interrupted');
    t.equal(stateAfter(AUTOMATIC, 'connected', 'lost', 'connected'), 'recording');
    t.equal(stateAfter(AUTOMATIC, 'connected', 'lost', 'grace-over'), 'idle');
    t.equal(stateAfter(AUTOMATIC, 'connected', 'left'), 'idle');
    t.equal(
      stateAfter(RULES, 'connected', 'lost'),
      'idle',
      'nothing waits where nothing was recorded',
    );
    t.equal(
      stateAfter(AUTOMATIC, 'connected', 'grace-over'),
      'recording',
      'a late timer ends nothing',
    );
    t.equal(
      stateAfter(AUTOMATIC, 'connected', 'lost', ['connected', FULL]),
      'recording',
      'what is open goes on, whatever waits for its upload',
    );
  },
);

t.test('what was asked for holds for the session, or until it is stopped', async (t) => {
  t.equal(after(RULES, 'asked').arm, 'standing');
  t.equal(after(RULES, 'connected', 'asked').arm, 'for-session');
  t.equal(after(RULES, 'asked', 'connected', 'asked').arm, 'standing', 'the first time counts');
  t.equal(after(AUTOMATIC, 'connected', 'lost', 'asked').arm, 'for-session', 'its record is open');
  t.equal(stateAfter(RULES, 'connected', 'asked', 'unpublished', 'left'), 'idle');
  t.equal(stateAfter(RULES, 'connected', 'asked', 'lost', 'grace-over'), 'waiting');
  t.equal(stateAfter(RULES, 'asked', 'connected', 'unpublished', 'left'), 'waiting');
  t.equal(stateAfter(RULES, 'offered', 'asked', 'unpublished', 'left'), 'waiting', 'it never came');
});

t.test('what was stopped does not begin by itself while its publisher stays', async (t) => {
  const stopped = ['connected', 'stopped', 'released'] as const;
  t.equal(stateAfter(AUTOMATIC, ...stopped), 'live');
  t.equal(stateAfter(AUTOMATIC, ...stopped, 'lost', 'connected'), 'live');
  t.equal(
    stateAfter(AUTOMATIC, ...stopped, 'lost', 'offered', 'connected'),
    'recording',
    'another',
  );
  t.equal(stateAfter(AUTOMATIC, ...stopped, 'asked'), 'recording');
  t.equal(stateAfter(AUTOMATIC, 'pulled', ...stopped, 'left', 'pulled', 'connected'), 'recording');
  t.equal(
    after(AUTOMATIC, 'connected', 'stopped').recording,
    'running',
    'what was sent is recorded first',
  );
});

t.test('recordings that may not begin are put off', async (t) => {
  t.equal(after(FULL, 'connected').recording, 'put-off');
  t.equal(stateAfter(FULL, 'connected'), 'live');
  t.equal(stateAfter(FULL, 'connected', ['room', AUTOMATIC]), 'recording');
  t.equal(after(FULL, 'connected', 'asked').recording, 'put-off');
  t.equal(after(FULL, 'connected', 'lost').recording, 'put-off', 'it may come back');
  t.equal(after(FULL, 'connected', 'lost', ['room', AUTOMATIC]).recording, 'put-off', 'not yet');
  t.equal(after(FULL, 'connected', 'lost', ['connected', AUTOMATIC]).recording, 'running');
  t.equal(after(FULL, 'connected', 'lost', 'grace-over').recording, 'none');
  t.equal(after(FULL, 'connected', 'stopped').recording, 'none');
  t.equal(stateAfter(AUTOMATIC, 'room'), 'idle', 'room alone begins nothing');
});

t.test(
  'a recording says when it lacks a track, and anything when it cannot be written',
  async (t) => {
    const recording = after(AUTOMATIC, 'connected');
    t.equal(streamState(recording, false, false), 'degraded');
    t.equal(streamState(recording, true, false), 'failed');
    t.equal(streamState(NEW_LIFE, true, true), 'failed');
  },
);

t.test('other patterns begin and end what nobody asked for by name', async (t) => {
  const on = (event: StreamEvent): [StreamEvent, StreamRules] => [event, AUTOMATIC];
  const off: [StreamEvent, StreamRules] = ['rules-changed', RULES];
  t.equal(stateAfter(RULES, 'connected', on('rules-changed')), 'recording', 'it is live');
  t.equal(stateAfter(RULES, 'connected', ['rules-changed', FULL]), 'live', 'put off');
  t.equal(stateAfter(RULES, 'connected', 'stopped', on('rules-changed')), 'live', 'it was stopped');
  t.equal(stateAfter(RULES, on('rules-changed')), 'idle', 'nobody publishes');
  t.equal(stateAfter(RULES, on('connected'), off), 'live');
  t.equal(stateAfter(RULES, on('connected'), on('lost'), off), 'idle');
  t.equal(stateAfter(RULES, on('connected'), 'asked', off), 'recording', 'it was asked for');
  t.equal(stateAfter(RULES, 'pulled', 'connected', off), 'recording', 'it is pulled');
});
