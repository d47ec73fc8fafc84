import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { clip, exports, playback } from '../model/console.ts';
import { instantInWords } from '../model/time-zone.ts';
import { bytesInWords, spanInWords } from '../model/units.ts';
import { words } from '../words/language.ts';
import { ProtectForm } from './protect-form.tsx';

/** Takes a stretch of a stream away as a file. */
export function ClipPanel({ streams }: { streams: string[] }) {
  const say = words.value;
  const chosen = useSignal('');
  const stream = streams.includes(chosen.value) ? chosen.value : (streams[0] ?? '');
  const inMs = clip.inMs.value;
  const outMs = clip.outMs.value;
  useEffect(() => void clip.measure(stream), [stream, inMs, outMs]);
  const isIdle = !playback.hasMoment.value;
  const progress = clip.progress.value;
  const isWhole = clip.isWhole.value;
  return (
    <section class="clip" aria-labelledby="clip-title">
      <h2 id="clip-title" tabIndex={-1}>
        {say.clip}
      </h2>
      <div class="controls">
        <span class="clip-mark">
          <button
            type="button"
            id="clip-in"
            class="quiet"
            disabled={isIdle}
            onClick={() => clip.markIn(playback.shownMs.peek())}
          >
            {say.markIn}
          </button>
          <Mark epochMs={inMs} />
        </span>
        <span class="clip-mark">
          <button
            type="button"
            id="clip-out"
            class="quiet"
            disabled={isIdle}
            onClick={() => clip.markOut(playback.shownMs.peek())}
          >
            {say.markOut}
          </button>
          <Mark epochMs={outMs} />
        </span>
        {streams.length > 1 && (
          <select
            id="clip-stream"
            aria-label={say.clipOf}
            value={stream}
            onChange={(event) => {
              chosen.value = event.currentTarget.value;
            }}
          >
            {streams.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        )}
      </div>
      <p id="clip-size" class="hint" role="status">
        {isWhole
          ? say.clipSize(
              spanInWords(Math.round((outMs! - inMs!) / 1000)),
              clip.bytes.value === undefined ? '…' : bytesInWords(clip.bytes.value),
            )
          : inMs !== undefined && outMs !== undefined
            ? say.clipBackwards
            : say.clipHint}
      </p>
      <div class="controls">
        <button
          type="button"
          id="clip-download"
          disabled={!isWhole || progress !== undefined || clip.bytes.value === 0}
          onClick={() => void clip.download(stream)}
        >
          {say.download}
        </button>
        <button
          type="button"
          id="clip-export"
          class="quiet"
          aria-describedby="clip-export-hint"
          disabled={!isWhole || exports.isStarting.value || clip.bytes.value === 0}
          onClick={() => void exports.start(stream, inMs!, outMs!)}
        >
          {say.exportInBackground}
        </button>
        {progress !== undefined && (
          <>
            <progress value={progress} aria-label={say.downloading} />
            <button type="button" class="quiet" onClick={() => clip.cancel()}>
              {say.cancel}
            </button>
          </>
        )}
        {(inMs !== undefined || outMs !== undefined) && (
          <button type="button" class="quiet" onClick={() => clip.clear()}>
            {say.clearMarks}
          </button>
        )}
      </div>
      {isWhole && (
        <p id="clip-export-hint" class="hint">
          {say.exportHint}
        </p>
      )}
      <p class="message" role="alert">
        {clip.message}
      </p>
      {isWhole && <ProtectForm stream={stream} startMs={inMs!} endMs={outMs!} />}
    </section>
  );
}

function Mark({ epochMs }: { epochMs: number | undefined }) {
  if (epochMs === undefined) return <span class="figures">–</span>;
  return (
    <time class="figures" dateTime={new Date(epochMs).toISOString()}>
      {instantInWords(epochMs)}
    </time>
  );
}
