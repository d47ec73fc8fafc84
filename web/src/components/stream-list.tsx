import { whipAddress } from '../api/address.ts';
import { staleSince, streams } from '../model/streams.ts';
import { momentInWords } from '../model/units.ts';
import { words } from '../words/language.ts';
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
      <ul
        id="stream-list"
        class="streams"
        aria-busy={list === undefined}
        data-stale={since === undefined ? undefined : ''}
      >
        {list?.map((status) => (
          <StreamRow key={status.stream} status={status} />
        ))}
      </ul>
      <p id="stream-list-empty" class="hint" hidden={list === undefined || list.length > 0}>
        {say.noStreamBefore} <code id="whip-address">{whipAddress('NAME')}</code>
        {say.noStreamAfter}
      </p>
    </>
  );
}
