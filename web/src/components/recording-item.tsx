import type { RecordedFolder } from '../api/types.ts';
import { bytesInWords, momentInWords, rangeInWords, spanInWords } from '../model/units.ts';
import { words } from '../words/language.ts';
import { DeleteRecording } from './delete-recording.tsx';
import { PlaceLink } from './place-link.tsx';

/**
 * What is recorded of a stream in one day.
 * @param props.isRunning it goes on: what is played is what is being recorded, else it is played from its start
 */
export function RecordingItem(props: {
  stream: string;
  recording: RecordedFolder;
  isRunning: boolean;
}) {
  const say = words.value;
  const { stream, recording, isRunning } = props;
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
        <PlaceLink
          to={{ page: 'watch', streams: [stream], epochMs: isRunning ? undefined : startMs }}
          class="button recording-play"
          label={say.playRecording(stream, momentInWords(startMs))}
        >
          {say.play}
        </PlaceLink>
      )}
      <DeleteRecording
        stream={stream}
        startUs={recording.start_ts}
        endUs={recording.end_ts}
        name={`${stream}, ${rangeInWords(startMs, endMs)}`}
      />
    </li>
  );
}
