import type { RecordedFolder } from '../api/types.ts';
import { recordingPlayer } from '../model/console.ts';
import { bytesInWords, momentInWords, rangeInWords, spanInWords } from '../model/units.ts';
import { words } from '../words/language.ts';

/** What is recorded of a stream in one day. */
export function RecordingItem(props: { stream: string; recording: RecordedFolder }) {
  const say = words.value;
  const { stream, recording } = props;
  const { folder, mpd_path: mpdPath, segments, bytes } = recording;
  const [startMs, endMs] = [recording.start_ts / 1000, recording.end_ts / 1000];
  const span = spanInWords((endMs - startMs) / 1000);
  return (
    <li class="recording" data-folder={folder}>
      <div>
        <span class="recording-range">{rangeInWords(startMs, endMs)}</span>
        <span class="recording-facts hint">
          {`${span} · ${say.segments(segments)} · ${bytesInWords(bytes)}`}
        </span>
        <code class="recording-folder">{folder}</code>
      </div>
      {/* Until there is a manifest, the player could only wait for it. */}
      {mpdPath !== undefined && (
        <button
          type="button"
          class="recording-play"
          aria-label={say.playRecording(stream, momentInWords(startMs))}
          onClick={() => void recordingPlayer.open(stream, mpdPath)}
        >
          {say.play}
        </button>
      )}
    </li>
  );
}
