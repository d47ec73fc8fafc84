import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { pictureOf } from '../api/timeline.ts';
import { protections, timeline } from '../model/console.ts';
import { lengthOf } from '../model/time-range.ts';
import { instantInWords } from '../model/time-zone.ts';
import { words } from '../words/language.ts';
import { AXIS_HEIGHT, ROW_HEIGHT } from './timeline-drawing.ts';

const SETTLE_MS = 100;
const PICTURE_WIDTH = 240;

/** What was at the place under the pointer: when, its picture, or why there is none. */
export function TimelineHover(props: { at: { x: number; y: number } | undefined; width: number }) {
  const { at, width } = props;
  const picture = useSignal<string | undefined>(undefined);
  const range = timeline.range.value;
  const epochMs = at && range.startMs + (at.x / width) * lengthOf(range);
  const row = at && timeline.rows.value[Math.floor((at.y - AXIS_HEIGHT) / ROW_HEIGHT)];
  const us = (epochMs ?? 0) * 1000;
  const span = row?.spans.find(({ start_ts, end_ts }) => start_ts <= us && us < end_ts);
  const guard = protections.list.value.find(
    ({ stream, start_ts, end_ts }) => stream === row?.stream && start_ts <= us && us < end_ts,
  );
  const stream = span?.kinds.includes('video') ? row?.stream : undefined;

  useEffect(() => {
    picture.value = undefined;
    if (stream === undefined || epochMs === undefined) return;
    const asking = new AbortController();
    let address: string | undefined;
    const timer = setTimeout(async () => {
      // Without one, the time alone is shown.
      const found = await pictureOf(stream, epochMs, PICTURE_WIDTH, asking.signal).catch(
        () => undefined,
      );
      if (found === undefined || asking.signal.aborted) return;
      address = URL.createObjectURL(found);
      picture.value = address;
    }, SETTLE_MS);
    return () => {
      clearTimeout(timer);
      asking.abort();
      if (address !== undefined) URL.revokeObjectURL(address);
    };
  }, [stream, epochMs, picture]);

  if (at === undefined || epochMs === undefined) return null;
  const left = Math.min(Math.max(at.x, PICTURE_WIDTH / 2), width - PICTURE_WIDTH / 2);
  return (
    <div class="timeline-hover" style={{ left: `${left}px`, width: `${PICTURE_WIDTH}px` }}>
      {picture.value !== undefined && (
        <video src={picture.value} muted playsInline preload="auto" />
      )}
      <p class="figures">{instantInWords(epochMs)}</p>
      {row !== undefined && span === undefined && <p>{gapInWords(row.spans, us)}</p>}
      {guard !== undefined && <p>{words.value.isProtected(guard.note)}</p>}
    </div>
  );
}

function gapInWords(spans: { start_ts: number; reason?: string }[], us: number): string {
  const say = words.value;
  const reason = spans.find(({ start_ts }) => start_ts > us)?.reason;
  const known = say.periodReasons[reason as keyof typeof say.periodReasons];
  return known === undefined ? say.notRecorded : say.notRecordedBecause(known);
}
