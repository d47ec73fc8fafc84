import { whipAddress } from '../api/address.ts';
import { filteredStreams, staleSince, streams } from '../model/streams.ts';
import { momentInWords } from '../model/units.ts';
import { words } from '../words/language.ts';
import { StreamFilter } from './stream-filter.tsx';
import { StreamRow } from './stream-row.tsx';

/** All streams, and where there is none, how to begin. */
export function StreamList() {
  const say = words.value;
  const list = streams.value;
  const since = staleSince.value;
  return (
    <>
      <p id="streams-age" class="hint" hidden={since === undefined}>
        {since !== undefined && say.saidAt(momentInWords(since))}
      </p>
      <StreamFilter />
      <ul
        id="stream-list"
        class="streams"
        aria-busy={list === undefined}
        data-stale={since === undefined ? undefined : ''}
      >
        {filteredStreams.value?.map((status) => (
          <StreamRow key={status.stream} status={status} />
        ))}
      </ul>
      <p
        class="hint"
        role="status"
        hidden={filteredStreams.value?.length !== 0 || list?.length === 0}
      >
        {say.nothingMatches}
      </p>
      <p id="stream-list-empty" class="hint" hidden={list === undefined || list.length > 0}>
        {say.noStreamBefore} <code id="whip-address">{whipAddress('NAME')}</code>
        {say.noStreamAfter}
      </p>
    </>
  );
}
