import { filter, streams } from '../model/streams.ts';
import { words } from '../words/language.ts';

/** Narrows the list of streams. Nothing is shown of it while there is hardly anything to narrow. */
export function StreamFilter() {
  const say = words.value;
  if ((streams.value?.length ?? 0) < 2 && filter.value === '') return null;
  return (
    <label class="stream-filter">
      {say.filter}
      <input
        id="stream-filter"
        type="search"
        autocomplete="off"
        spellcheck={false}
        placeholder={say.filterExample}
        value={filter.value}
        onInput={(event) => {
          filter.value = event.currentTarget.value;
        }}
      />
    </label>
  );
}
