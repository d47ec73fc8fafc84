import { useEffect } from 'preact/hooks';
import { type ExportState, isOver } from '../api/exports.ts';
import { exports } from '../model/console.ts';
import { instantInWords } from '../model/time-zone.ts';
import { bytesInWords, momentInWords, spanInWords } from '../model/units.ts';
import { words } from '../words/language.ts';

/** What the recorder writes as files, or has written. */
export function ExportList() {
  const say = words.value;
  const jobs = exports.jobs.value;
  useEffect(() => exports.open(), []);
  return (
    <>
      <p id="export-message" class="message" role="alert">
        {exports.message}
      </p>
      {jobs.length > 0 && (
        <>
          <h3 id="exports-title">{say.exports}</h3>
          <ul id="exports" class="exports" aria-labelledby="exports-title">
            {jobs.map((job) => (
              <ExportItem key={job.id} job={job} />
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function ExportItem({ job }: { job: ExportState }) {
  const say = words.value;
  const { id, stream, start_ts, end_ts, state, written_bytes: written, size, error } = job;
  const { loading } = exports;
  const name = say.exportOf(
    stream,
    instantInWords(start_ts / 1000),
    spanInWords(Math.round((end_ts - start_ts) / 1e6)),
  );
  const share = loading.value?.id === id ? loading.value.share : undefined;
  return (
    <li class="export" data-state={state}>
      <div class="export-facts">
        <strong>{name}</strong>
        <p class="hint" role="status">
          {say.exportStates[state]}
          {state === 'running' && ` · ${bytesInWords(written)}`}
          {size !== undefined && ` · ${bytesInWords(size)}`}
          {job.expires_ts !== undefined &&
            ` · ${say.exportKept(momentInWords(job.expires_ts / 1000))}`}
        </p>
        {error !== undefined && <p class="message error">{error}</p>}
      </div>
      {state === 'running' && <progress value={written} max={size ?? 1} aria-label={name} />}
      {share !== undefined && <progress value={share} aria-label={say.downloading} />}
      {state === 'done' && share === undefined && (
        <button
          type="button"
          class="export-download"
          aria-label={`${say.download}: ${name}`}
          disabled={loading.value !== undefined}
          onClick={() => void exports.download(job)}
        >
          {say.download}
        </button>
      )}
      {share === undefined ? (
        <button
          type="button"
          class="quiet export-remove"
          aria-label={`${isOver(job) ? say.remove : say.cancel}: ${name}`}
          onClick={() => void exports.remove(id)}
        >
          {isOver(job) ? say.remove : say.cancel}
        </button>
      ) : (
        <button type="button" class="quiet" onClick={() => exports.cancelDownload()}>
          {say.cancel}
        </button>
      )}
    </li>
  );
}
