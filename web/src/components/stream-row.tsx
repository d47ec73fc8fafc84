import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { accessTurn } from '../api/access-token.ts';
import { startRecording, stopRecording } from '../api/recorder.ts';
import { messageOf, recorderNow } from '../api/request.ts';
import type { StreamStatus } from '../api/types.ts';
import { goTo } from '../model/location.ts';
import { refresh } from '../model/streams.ts';
import { spanInWords } from '../model/units.ts';
import { words } from '../words/language.ts';
import { RecordingItem } from './recording-item.tsx';
import { StreamFigures } from './stream-figures.tsx';

/** How many days are shown before one asks for all. */
const FEW_DAYS = 3;

function factsInWords(status: StreamStatus): string {
  const say = words.value;
  const { published_at: publishedAt, record_id: recordId, recordings, period, source } = status;
  const facts: string[] = [];
  const ago = (us: number) => spanInWords(recorderNow() / 1000 - us / 1e6);
  if (publishedAt !== undefined) facts.push(say.liveFor(ago(publishedAt * 1000)));
  if (source !== undefined) facts.push(say.pulledFrom(source));
  if (recordId !== undefined && publishedAt !== undefined && recordings.length > 0) {
    facts.push(say.lastSegment(ago(Math.max(...recordings.map(({ end_ts: end }) => end)))));
  }
  if (period !== undefined && period.reason !== 'start') {
    const reason = say.periodReasons[period.reason as keyof typeof say.periodReasons];
    facts.push(say.interruptedBy(reason ?? period.reason, ago(period.started_at)));
  }
  return facts.join(' · ');
}

/** One stream: how it is, what can be done about it, and what is recorded of it. */
export function StreamRow({ status }: { status: StreamStatus }) {
  const say = words.value;
  const { stream, state, recordings = [] } = status;
  const isBusy = useSignal(false);
  const refusal = useSignal('');
  const isWhole = useSignal(false);
  const turn = accessTurn.value;
  // A request was refused in the state, and to the token, that was then.
  useEffect(() => {
    refusal.value = '';
  }, [state, turn]);

  const isRecorded = status.record_id !== undefined;
  const verb = !isRecorded ? say.record : state === 'waiting' ? say.disarm : say.stop;
  const isWritten = state === 'recording' || state === 'degraded';
  const toggle = async () => {
    isBusy.value = true;
    refusal.value = '';
    try {
      await (isRecorded ? stopRecording(stream) : startRecording(stream));
      await refresh();
    } catch (error) {
      refusal.value = messageOf(error);
    } finally {
      isBusy.value = false;
    }
  };
  const fault = status.error || status.unrecordable?.[0]?.message || '';
  const newestFirst = recordings.toSorted((a, b) => b.start_ts - a.start_ts);
  return (
    <li class="stream" data-stream={stream} data-state={state}>
      <div class="stream-head">
        <h3 class="stream-name">{stream}</h3>
        <span class="badge" data-state={state}>
          {say.states[state]}
        </span>
        {recordings.length > 0 && (
          <button
            type="button"
            class="quiet stream-watch"
            aria-label={say.watchStream(stream)}
            onClick={() => goTo({ page: 'watch', streams: [stream], epochMs: undefined })}
          >
            {say.watch}
          </button>
        )}
        <button
          type="button"
          class="stream-toggle"
          data-action={isRecorded ? 'stop' : 'start'}
          aria-label={`${verb} ${stream}`}
          disabled={isBusy.value}
          onClick={toggle}
        >
          {verb}
        </button>
      </div>
      <p class="stream-facts hint">{factsInWords(status)}</p>
      <StreamFigures status={status} />
      <p class="stream-error message error">{refusal.value || fault}</p>
      <ul class="recordings">
        {newestFirst.slice(0, isWhole.value ? undefined : FEW_DAYS).map((recording) => (
          <RecordingItem
            key={recording.folder}
            stream={stream}
            recording={recording}
            isRunning={isWritten && recording === newestFirst[0]}
          />
        ))}
      </ul>
      {newestFirst.length > FEW_DAYS && (
        <button
          type="button"
          class="quiet stream-days"
          aria-expanded={isWhole.value}
          onClick={() => {
            isWhole.value = !isWhole.value;
          }}
        >
          {isWhole.value ? say.fewDays : say.allDays(newestFirst.length)}
        </button>
      )}
    </li>
  );
}
