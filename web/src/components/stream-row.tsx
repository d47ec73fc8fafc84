import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { startRecording, stopRecording } from '../api/recorder.ts';
import { messageOf, recorderNow } from '../api/request.ts';
import type { StreamStatus } from '../api/types.ts';
import { accessTurn, refresh } from '../model/streams.ts';
import { spanInWords } from '../model/units.ts';
import { words } from '../words/language.ts';
import { RecordingItem } from './recording-item.tsx';

function factsInWords({ published_at: publishedAt, tracks }: StreamStatus): string {
  const say = words.value;
  const facts: string[] = [];
  if (publishedAt !== undefined) {
    facts.push(say.liveFor(spanInWords((recorderNow() - publishedAt) / 1000)));
  }
  for (const { kind, codec, packets_lost: lost } of tracks ?? []) {
    facts.push(`${say.kinds[kind]} ${codec}${lost > 0 ? `, ${say.packetsLost(lost)}` : ''}`);
  }
  return facts.join(' · ');
}

/** One stream: how it is, what can be done about it, and what is recorded of it. */
export function StreamRow({ status }: { status: StreamStatus }) {
  const say = words.value;
  const { stream, state, recordings = [] } = status;
  const isBusy = useSignal(false);
  const refusal = useSignal('');
  const turn = accessTurn.value;
  // A request was refused in the state, and to the token, that was then.
  useEffect(() => {
    refusal.value = '';
  }, [state, turn]);

  const isRecorded = status.record_id !== undefined;
  const verb = !isRecorded ? say.record : state === 'waiting' ? say.disarm : say.stop;
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
      <p class="stream-error message error">{refusal.value || fault}</p>
      <ul class="recordings">
        {newestFirst.map((recording) => (
          <RecordingItem key={recording.folder} stream={stream} recording={recording} />
        ))}
      </ul>
    </li>
  );
}
