import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { timeline } from '../model/console.ts';
import { monthOf, recordedDays } from '../model/recorded-days.ts';
import { dayStart, zone } from '../model/time-zone.ts';
import { locale, words } from '../words/language.ts';

/** Where a week begins, where the browser does not say: on Monday. */
function firstWeekday(): number {
  const info = new Intl.Locale(locale.value) as Intl.Locale & {
    getWeekInfo?(): { firstDay: number };
  };
  return info.getWeekInfo?.().firstDay ?? 1;
}

/** A month, with the days that have media. */
export function Calendar(props: { epochMs: number; onChoose: (startMs: number) => void }) {
  const say = words.value;
  const month = useSignal(props.epochMs);
  const recorded = useSignal(new Set<number>());
  const timeZone = zone.value;
  const days = monthOf(month.value, timeZone, firstWeekday());
  const streams = timeline.streams.value;
  const firstMs = days[0]!.startMs;
  useEffect(() => {
    const asking = new AbortController();
    recordedDays(streams, days, asking.signal).then(
      (found) => {
        recorded.value = found;
      },
      // The days can be chosen all the same.
      () => undefined,
    );
    return () => asking.abort();
  }, [streams, firstMs, days.length, recorded]);
  const turn = (way: number) => {
    const middle = days[15]!.startMs;
    month.value = middle + way * 30.4 * 86_400_000;
  };
  const title = new Intl.DateTimeFormat(locale.value, {
    ...{ timeZone, month: 'long', year: 'numeric' },
  });
  const full = new Intl.DateTimeFormat(locale.value, { timeZone, dateStyle: 'full' });
  const weekday = new Intl.DateTimeFormat(locale.value, { timeZone, weekday: 'narrow' });
  const chosen = dayStart(props.epochMs, timeZone);
  return (
    <fieldset class="calendar" aria-label={say.calendar}>
      <div class="panel-head">
        <button type="button" class="quiet" aria-label={say.monthBefore} onClick={() => turn(-1)}>
          ‹
        </button>
        <strong aria-live="polite">{title.format(days[15]!.startMs)}</strong>
        <button type="button" class="quiet" aria-label={say.monthAfter} onClick={() => turn(1)}>
          ›
        </button>
      </div>
      <div class="calendar-days">
        {days.slice(0, 7).map(({ startMs }) => (
          <span key={startMs} class="hint" aria-hidden="true">
            {weekday.format(startMs)}
          </span>
        ))}
        {days.map(({ startMs, day, isOfMonth }) => {
          const isRecorded = recorded.value.has(startMs);
          const label = full.format(startMs);
          return (
            <button
              key={startMs}
              type="button"
              class="calendar-day"
              data-recorded={isRecorded ? '' : undefined}
              data-outside={isOfMonth ? undefined : ''}
              aria-current={startMs === chosen ? 'date' : undefined}
              aria-label={isRecorded ? say.dayRecorded(label) : label}
              onClick={() => props.onChoose(startMs)}
            >
              {day}
            </button>
          );
        })}
      </div>
    </fieldset>
  );
}
