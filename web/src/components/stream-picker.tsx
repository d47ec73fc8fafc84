import { MOST_WATCHED } from '../model/location.ts';
import { streams } from '../model/streams.ts';
import { words } from '../words/language.ts';

/** Chooses the streams that are watched beside each other. */
export function StreamPicker(props: { watched: string[]; onChange: (watched: string[]) => void }) {
  const say = words.value;
  const { watched, onChange } = props;
  const known = streams.value?.map(({ stream }) => stream) ?? [];
  const others = known.filter((stream) => !watched.includes(stream));
  return (
    <fieldset class="stream-picker" aria-label={say.watchedStreams}>
      {watched.map((stream) => (
        <span key={stream} class="chip">
          {stream}
          <button
            type="button"
            class="quiet"
            aria-label={say.watchNoLonger(stream)}
            onClick={() => onChange(watched.filter((each) => each !== stream))}
          >
            ×
          </button>
        </span>
      ))}
      {watched.length < MOST_WATCHED && others.length > 0 && (
        <select
          id="watch-add"
          aria-label={say.addStream}
          value=""
          onChange={(event) => {
            const { value } = event.currentTarget;
            if (value !== '') onChange([...watched, value]);
          }}
        >
          <option value="">{say.addStream}</option>
          {others.map((stream) => (
            <option key={stream} value={stream}>
              {stream}
            </option>
          ))}
        </select>
      )}
    </fieldset>
  );
}
